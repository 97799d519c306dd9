"""What the network makes of stairs down, of a pit and of a mirror, in rendered corridors: labels, depth, and what is published as free.

Run: python -m benchmarks.hazards [--document docs/safety.md], some minutes. It puts the figures into the document, between the lines that
mark them. The mirror is the corridor's end wall, and shows it from one edge to the other; a clean glass door shows something of the same
kind: a room that goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.closed_loop import WEIGHTS, from_truth
from benchmarks.common.marked_text import put
from benchmarks.common.simulated_robot import CAMERA_HEIGHT, CAMERA_PITCH_DEG, ROOMS, SIZE, Corridor, Shot
from mtdense_ros.datatypes import Frame
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.inference.predictor import Predictor
from mtdense_ros.pipeline.options import PipelineOptions
from mtdense_ros.pipeline.pipeline import Pipeline
from mtdense_ros.synthetic.pairs import labels_of
from mtdense_ros.synthetic.rendering import camera
from mtdense_ros.synthetic.rendering.meshes import Mesh, box
from mtdense_ros.synthetic.rendering.renderer import Renderer
from mtdense_ros.synthetic.rendering.scene import DOOR, FLOOR, FURNITURE, OBJECT, WALL, Item, pose
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.utils.tables import markdown_table

MARK = "hazards: made by python -m benchmarks.hazards"
EDGE_X = 2.0
"""Where stairs and pit begin, in the corridor's metres; the mirror stands at its end."""
DISTANCES_M = (1.0, 2.0, 3.0)
STEP_RUN, STEP_RISE, STEPS = 0.28, 0.17, 6
PIT_M = 0.5
SLAB = 0.02
BEYOND_M = 0.2
"""A free point this far behind the edge is one too far."""

Points = NDArray[np.floating]


@dataclass(frozen=True)
class Scene:
    """What the corridor became, and where the danger begins (x, m)."""

    items: list[Item]
    edge_x: float


def plain(corridor: Corridor) -> Scene:
    """The corridor as it is, without what stands behind the edge."""
    return Scene(_cleared(corridor, EDGE_X), EDGE_X)


def stairs(corridor: Corridor) -> Scene:
    """Six steps down, then a lower floor."""
    tops = [(EDGE_X + i * STEP_RUN, EDGE_X + (i + 1) * STEP_RUN, -(i + 1) * STEP_RISE) for i in range(STEPS)]
    return _lowered(corridor, [*tops, (EDGE_X + STEPS * STEP_RUN, corridor.half[0], -STEPS * STEP_RISE)])


def pit(corridor: Corridor) -> Scene:
    """A floor half a metre lower."""
    return _lowered(corridor, [(EDGE_X, corridor.half[0], -PIT_M)])


def mirror(corridor: Corridor) -> Scene:
    """Everything once more behind the end of the corridor, the other way round."""
    end = corridor.half[0]
    reflection = np.diag([-1.0, 1.0, 1.0, 1.0]).astype(np.float32)
    reflection[0, 3] = 2 * end
    near = _cleared(corridor, end - 0.2)
    near = [item for item in near if item.bounds()[0, 0] < end - 0.2]
    return Scene([*near, *(dataclasses.replace(item, pose=reflection @ item.pose, _baked=[]) for item in near)], end)


CASES: dict[str, Callable[[Corridor], Scene]] = {"plain floor": plain, "stairs down": stairs, "pit of 0.5 m": pit, "mirror": mirror}


def _cleared(corridor: Corridor, x: float) -> list[Item]:
    """The corridor without the furniture that reaches behind x."""
    return [item for item in corridor.items if item.label not in (FURNITURE, OBJECT) or item.bounds()[1, 0] < x]


def _lowered(corridor: Corridor, slabs: list[tuple[float, float, float]]) -> Scene:
    """The corridor with its floor up to the edge, and slabs (from x, to x, height) behind it, a riser in front of each."""
    kept = _cleared(corridor, EDGE_X)
    floor, wall = (next(item for item in kept if item.label == label) for label in (FLOOR, WALL))
    width, above = 2 * corridor.half[1], 0.0
    meshes = [_slab(-corridor.half[0], EDGE_X, 0.0, width)]
    for start, end, height in slabs:
        meshes += [_slab(start, end, height, width), box((SLAB, width, above - height), (start - SLAB / 2, 0.0, height))]
        above = height
    length, depth = corridor.half[0] - EDGE_X, -slabs[-1][2] + SLAB
    sides = [box((length, SLAB, depth), (EDGE_X + length / 2, y, -depth)) for y in (-corridor.half[1], corridor.half[1])]
    end = box((SLAB, width, depth), (corridor.half[0], 0.0, -depth))
    new = [_like(floor, meshes), _like(wall, [*sides, end])]
    return Scene([*new, *(item for item in kept if item is not floor)], EDGE_X)


def _slab(start: float, end: float, height: float, width: float) -> Mesh:
    return box((end - start, width, SLAB), ((start + end) / 2, 0.0, height - SLAB))


def _like(item: Item, meshes: list[Mesh]) -> Item:
    """Other meshes of an item's material and class."""
    return Item([dataclasses.replace(item.parts[0], mesh=mesh) for mesh in meshes], pose(), item.label, item.name)


def shots(seed: int, case: str) -> Iterator[tuple[Shot, float]]:
    """What the robot's camera sees at each distance from the edge of a room's case, and the edge."""
    corridor = Corridor(seed)
    scene = CASES[case](corridor)
    renderer, lens = Renderer(SIZE, corridor.library.layers()), camera.intrinsics(SIZE, 62.0)
    try:
        for distance in DISTANCES_M:
            view = camera.view(lens, (scene.edge_x - distance, 0.0, CAMERA_HEIGHT), 0.0, math.radians(-CAMERA_PITCH_DEG))
            seen = renderer.render(scene.items, view, corridor.lighting)
            labels = labels_of(seen, scene.items)
            labels[labels == DOOR] = WALL
            depth = np.where(seen.depth > 0, seen.depth, np.float32(np.nan)).astype(np.float32)
            to_world = np.linalg.inv(view.world_to_camera.astype(np.float64))
            yield Shot(Frame(seen.image, 0, "camera", lens), labels, depth, to_world, np.zeros((0, 3))), scene.edge_x
    finally:
        renderer.close()


@dataclass
class Found:
    """Of one case over all frames: how many had free points beyond the edge by the network and by the truth, and, of the pixels beyond it,
    the share that is called floor and the median of depth over true depth, by frame."""

    frames: int = 0
    beyond: int = 0
    beyond_by_truth: int = 0
    floor: list[float] = field(default_factory=list)
    depth: list[float] = field(default_factory=list)


def look(predictor: Predictor, case: str, rooms: Sequence[int]) -> Found:
    """A case in all rooms. The ground is tracked from frame to frame of a room, from far to near."""
    options, found = PipelineOptions(), Found()
    for seed in rooms:
        pipeline, truth = Pipeline(predictor, options), from_truth(options)
        for shot, edge_x in reversed(list(shots(seed, case))):
            results = pipeline.process(shot.frame, ("labels", "depth", "clearing"))
            there = _beyond(shot, edge_x, case)
            found.frames += 1
            found.beyond += _any_beyond(shot, results["clearing"], edge_x)
            found.beyond_by_truth += _any_beyond(shot, truth(shot)[1], edge_x)
            if there.any():
                found.floor.append(float((results["labels"][there] == FLOOR).mean()))
                found.depth.append(float(np.nanmedian(results["depth"][there] / shot.depth[there])))
    return found


def _beyond(shot: Shot, edge_x: float, case: str) -> NDArray[np.bool_]:
    """The pixels (H, W) that show what is dangerous: what lies below the floor, or behind the edge."""
    assert shot.frame.intrinsics is not None
    rays = RayTable.of(shot.frame.intrinsics)
    points = np.stack([rays.x * shot.depth, rays.y * shot.depth, shot.depth], axis=-1)
    world = shot.to_world(points.reshape(-1, 3)).reshape(points.shape)
    with np.errstate(invalid="ignore"):
        there: NDArray[np.bool_] = world[..., 0] > edge_x if case in ("mirror", "plain floor") else world[..., 2] < -0.05
    return there & (shot.labels == FLOOR) if case == "plain floor" else there


def _any_beyond(shot: Shot, clearing: Points, edge_x: float) -> bool:
    return bool((shot.to_world(clearing)[:, 0] > edge_x + BEYOND_M).any()) if len(clearing) else False


def table(found: dict[str, Found]) -> str:
    head = ("case", "frames", "free points beyond the edge", "by true depth and labels", "called floor beyond it", "depth over true")
    rows = [
        (case, str(f.frames), f"{f.beyond} frames", f"{f.beyond_by_truth} frames", f"{np.mean(f.floor):.0%}", f"{np.median(f.depth):.2f}")
        for case, f in found.items()
    ]
    return markdown_table(head, rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", type=int, default=len(ROOMS), help="how many (default %(default)s)")
    parser.add_argument("--document", type=Path, help="file to put the table into")
    options = parser.parse_args()
    predictor = Predictor.load(WEIGHTS)
    text = table({case: look(predictor, case, ROOMS[: options.rooms]) for case in CASES})
    print(text)
    if options.document:
        options.document.write_text(put(options.document.read_text(encoding="utf-8"), MARK, text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main, "hazards"))
