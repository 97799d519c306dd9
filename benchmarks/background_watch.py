"""How soon is a moved, blinded or differently lit camera found, and how often is one that is none of it?

Run: python -m benchmarks.background_watch --assets DATA --json docs/background/watch.json, then python -m benchmarks.background_document.
Renders rooms with people for that, and reads the real still cameras where MTDENSE_DATA has them. With the network, which is asked for
the mask where nothing but the light or the camera changed.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.common import machine, record, watch_trials
from benchmarks.common.watch_trials import Rgb, warped
from benchmarks.common.watched_rooms import WatchedRoom, watched_rooms
from mtdense_ros.errors import InputError
from mtdense_ros.evaluation.sets import read_set
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.compensation import MAX_PX
from mtdense_ros.registration.compensation import compensated
from mtdense_ros.registration.photometric import LightChange
from mtdense_ros.registration.reduction import reduced
from mtdense_ros.registration.register import Reference
from mtdense_ros.registration.rigid_motion import RigidMotion
from mtdense_ros.synthetic.objects.assets import Assets
from mtdense_ros.utils.command_line import exit_code

SEED, ROOMS, QUIET = 8_000_000, 12, 20
"""First scene seed, rooms, and frames of each picture of an unmoved camera."""
GAINS = (0.1, 0.15, 0.25, 0.35, 0.5, 0.7, 1.5, 2.0, 3.0, 4.0)
REAL_SETS = ("mosd_A", "mosd_B", "mosd_D", "office")
REAL_MOTIONS = {"none": (0, 0, 0), "1 px": (1, 0, 0), "3 px": (0, 3, 0), "8 px": (-8, 0, 0), "20 px": (14, -14, 0), "2 deg": (0, 0, 2)}


def lights(room: WatchedRoom) -> dict[str, list[Rgb]]:
    """The room in other light, empty and with people: brighter and darker without automatic exposure, and by other lamps with it."""
    pictures = (room.empty, room.peopled[0])
    changed = {f"brightness x {g:g}": [np.clip(p * np.float32(g), 0, 255).astype(np.uint8) for p in pictures] for g in GAINS}
    blue = np.array([1.0, 0.8, 0.4], np.float32)
    return {**changed, "red light": [(p * blue).astype(np.uint8) for p in pictures], "other lamps": room.relit}


def covers(room: WatchedRoom) -> dict[str, Rgb]:
    """What a covered camera shows: nothing, something dark on the lens, something bright right before it."""
    dark = cv2.GaussianBlur(room.empty, (0, 0), 60) // 6
    return {"black": np.zeros_like(room.empty), "dark cover": dark, "bright cover": np.full_like(room.empty, 140)}


def watch_of(room: WatchedRoom, number: int) -> dict[str, list[dict[str, Any]]]:
    """All trials of one room without the network. covered: the share of the picture that people cover."""
    views = {"empty": room.empty, "people": room.peopled[0]}
    covered = {"empty": 0.0, "people": room.covered[0]}
    events = []
    for (motion, pictures), (i, (scene, before)) in itertools.product(room.moved.items(), enumerate(views.items())):
        events.append({"change": motion, "scene": scene, **watch_trials.event(room.empty, before, pictures[i], number, "moved")})
    for (light, pictures), (i, (scene, before)) in itertools.product(lights(room).items(), enumerate(views.items())):
        events.append({"change": light, "scene": scene, **watch_trials.event(room.empty, before, pictures[i], number, "light")})
    for cover, picture in covers(room).items():
        events.append({"change": cover, "scene": "empty", **watch_trials.event(room.empty, room.empty, picture, number, "blocked")})
    return {"quiet": quiet_of(room, number), "events": [{"room": number, "covered": covered[e["scene"]], **e} for e in events]}


def quiet_of(room: WatchedRoom, number: int) -> list[dict[str, Any]]:
    """An unmoved camera to whose room each group of people comes in turn."""
    groups = zip(room.peopled, room.covered, strict=True)
    return [{"room": number, "covered": share, **watch_trials.quiet(room.empty, [group], number, QUIET)} for group, share in groups]


def masks_of(room: WatchedRoom, number: int, predictor: Predictor) -> list[dict[str, Any]]:
    """False foreground of the empty room when only camera or light changed: with the background as it was, and compensated."""
    changes = {name: pictures[0] for name, pictures in {**room.moved, **lights(room)}.items()}
    entries = []
    for name, frame in changes.items():
        found = Reference(room.empty).register(reduced(frame))
        small = found.motion.extent(found.size_hw) <= MAX_PX
        motion = found.motion if name in room.moved and small else RigidMotion()
        light = LightChange() if name in room.moved else found.light
        as_it_was = _false_area(predictor, frame, room.empty)
        again = _false_area(predictor, frame, compensated(room.empty, frame, motion, light))
        entries.append({"room": number, "change": name, "false_area": as_it_was, "compensated": again})
    return entries


def _false_area(predictor: Predictor, frame: Rgb, background: Rgb) -> float:
    mask = predictor.predict(frame, background=background, outputs=("foreground",)).foreground
    return float("nan") if mask is None else float(mask.mean())


def real_sets() -> list[dict[str, Any]]:
    """Every frame of the real still cameras against its background, unmoved and warped."""
    entries = []
    for name in REAL_SETS:
        for frame in read_set(name):
            if frame.background is not None:
                for motion, warp in REAL_MOTIONS.items():
                    found = watch_trials.register(frame.background, warped(frame.rgb, *warp))
                    entries.append({"set": name, "frame": frame.name, "motion": motion, **found})
    return entries


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.background_watch", description=__doc__)
    parser.add_argument("--assets", type=Path, required=True, help="folder with assets_* and textures_*")
    parser.add_argument("--json", type=Path, required=True, help="where the figures go")
    parser.add_argument("--rooms", type=int, default=ROOMS, help="rooms to render (default %(default)s)")
    parser.add_argument("--weights", default="mtdense_indoor", help="network that is asked for masks (default %(default)s)")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    content = {**machine.description(), "seed": SEED, "weights": options.weights, "costs": {}, "real": []}
    try:
        content["real"] = real_sets()
    except InputError as error:
        sys.stderr.write(f"without the real sets: {error}\n")
    content |= {"quiet": [], "events": [], "masks": []}
    predictor = Predictor.load(options.weights)
    for number, room in enumerate(watched_rooms(Assets(options.assets, texture_size=512), SEED, options.rooms)):
        trials = watch_of(room, number)
        content["quiet"] += trials["quiet"]
        content["events"] += trials["events"]
        content["masks"] += masks_of(room, number, predictor)
        content["costs"] = content["costs"] or watch_trials.costs(room.empty, room.peopled[0])
        record.write(options.json, content)
        sys.stderr.write(f"room {number + 1} of {options.rooms}\n")


if __name__ == "__main__":
    sys.exit(exit_code(main))
