"""What the node takes of a core while nobody listens and a camera of 640x480 runs at 30 Hz with its camera_info.

Run: python -m benchmarks.idle [--seconds 20] [--runs 3] [--json FILE]. The camera's own share is given too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from benchmarks.common import pictures
from benchmarks.common.helper import camera_info, end_with_parent, header, image, reliable
from benchmarks.common.machine import description
from benchmarks.common.record import write
from benchmarks.common.system import REMAPS, START_S
from benchmarks.common.usage import Usage
from benchmarks.common.variants import environment
from mtdense_ros.errors import MtdenseError
from mtdense_ros.ros.tools.helper_node import run_node, tell
from mtdense_ros.utils.processes import Child, free_domain, wait_for

SIZE_HW = (480, 640)
RATE_HZ = 30.0
INFO = "/camera/camera_info"
LOADED = (" on cpu", " on cuda")
SETTLE_S = 5.0
"""What the node logs when its network is loaded, and the time that it then gets to become quiet."""


def play(node: Node) -> None:
    """Sends pictures whether or not somebody listens."""
    images, infos = node.create_publisher(Image, "/camera/image_raw", reliable(5)), node.create_publisher(CameraInfo, INFO, reliable(5))
    picture, info = image(pictures.background(SIZE_HW)), camera_info(SIZE_HW)
    due = time.monotonic()
    tell(event="plays")
    while True:
        picture.header = info.header = header(time.time_ns())
        infos.publish(info)
        images.publish(picture)
        due = max(due + 1.0 / RATE_HZ, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def measured(seconds: float, runs: int, folder: Path) -> list[dict[str, float]]:
    """Percent of a core that the node and the camera take in each run. Raises MtdenseError when the node does not come up."""
    variables = environment(str(free_domain()), True)
    rules = [word for rule in REMAPS for word in ("-r", rule)]
    camera = Child("camera", "benchmarks.idle", ["camera"], folder / "camera.log", variables)
    node = Child("node", "mtdense_ros.ros.node", ["--ros-args", *rules], folder / "node.log", variables)
    try:
        wait_for(camera, "plays", START_S, (node,))
        end = time.monotonic() + START_S
        while not any(text in node.log.read_text(errors="replace") for text in LOADED):
            node.check()
            if time.monotonic() > end:
                raise MtdenseError(f"the node did not load its network within {START_S:.0f} s; see {node.log}")
            time.sleep(0.1)
        time.sleep(SETTLE_S)
        return [_share(node, camera, seconds) for _ in range(runs)]
    finally:
        node.stop()
        camera.stop()


def _share(node: Child, camera: Child, seconds: float) -> dict[str, float]:
    before = Usage.of(node.pid), Usage.of(camera.pid)
    time.sleep(seconds)
    after = Usage.of(node.pid), Usage.of(camera.pid)
    for child in (node, camera):
        child.check()
    shares = [100.0 * now.cores_since(then) for now, then in zip(after, before, strict=True)]
    return {"node_percent": shares[0], "camera_percent": shares[1], "rss_mb": after[0].rss_mb}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("role", nargs="?", choices=("camera",), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run (default %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="(default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    if options.role == "camera":
        end_with_parent()
        return run_node("camera", play)
    head = description()
    with tempfile.TemporaryDirectory(prefix="mtdense_idle_") as folder:
        runs = measured(options.seconds, options.runs, Path(folder))
    print("| run | node, % of a core | camera, % | node's memory, MB |\n|---|---|---|---|")
    for number, run in enumerate(runs, 1):
        print(f"| {number} | {run['node_percent']:.2f} | {run['camera_percent']:.2f} | {run['rss_mb']:.0f} |")
    if options.json is not None:
        write(options.json, {**head, "seconds": options.seconds, "runs": runs})
    return 0


if __name__ == "__main__":
    sys.exit(main())
