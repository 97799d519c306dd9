"""The demo: a rendered or recorded sequence through the real node, and what came back as bag, sheet and report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from mtdense_ros.errors import InputError, MtdenseError
from mtdense_ros.replay.analysis import heading, live_report, sheet_rows
from mtdense_ros.replay.bag_writer import write_bag
from mtdense_ros.replay.console import Console
from mtdense_ros.replay.demo_source import DemoSource
from mtdense_ros.replay.live import play_live
from mtdense_ros.replay.offline import replay_offline
from mtdense_ros.replay.plan import FIRST, Plan, make_plan
from mtdense_ros.replay.report import table, write_report
from mtdense_ros.replay.result_files import write_png
from mtdense_ros.replay.sheet import draw_sheet
from mtdense_ros.replay.sources import open_source
from mtdense_ros.weights import read_card

DEFAULT_WEIGHTS = "mtdense_indoor"
DEFAULT_RATE = 5.0
DEFAULT_FRAMES = 150


def demonstrate(plan: Plan, out: Path, console: Console) -> None:
    """Plays the plan into the node; leaves demo.mcap (a rosbag2), sheet.png, report.json, report.md and the processes' logs in `out`.

    Raises MtdenseError.
    """
    run = play_live(plan, out, console)
    truth = plan.source.truth if isinstance(plan.source, DemoSource) else []
    report = live_report(plan.source, run, truth)
    write_report(report, out)
    write_png(out / "sheet.png", draw_sheet(sheet_rows(plan.source, run), heading(plan.source, report, run.recording, bool(truth))))
    console.say("writing the bag")
    size = write_bag(run.recording, out / "demo.mcap")
    run.recording.path.unlink()
    console.show("\n" + table(report) + "\n")
    console.say(f"{out / 'sheet.png'} shows it, {out / 'report.md'} has the table, {out / 'demo.mcap'} ({size / 1e6:.0f} MB) is a rosbag2")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 1 after an error that was told, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    console = Console("demo")
    try:
        plan = _plan(options)
        out = _folder(options.out)
        if find_spec("rclpy") is None:
            console.say("no ROS 2 here (no rclpy for this Python): the pipeline runs without the node; source a ROS 2 to see the node")
            replay_offline(plan, out, console)
        else:
            demonstrate(plan, out, console)
    except MtdenseError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\ndemo: interrupted\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, help="a rosbag2, a video, a folder of images or an image; none: a rendered sequence")
    parser.add_argument("--background", default=None, metavar="first|IMAGE", help="the reference frame of the foreground")
    parser.add_argument("--weights", default=DEFAULT_WEIGHTS, metavar="NAME", help="name or path (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("demo_out"), metavar="DIR", help="where results go (default %(default)s)")
    parser.add_argument("--rate", type=float, default=DEFAULT_RATE, metavar="HZ", help="frames per second; 0: each after the last's answer")
    parser.add_argument("--frames", type=int, default=DEFAULT_FRAMES, metavar="N", help="at most so many; 0: all (default %(default)s)")
    parser.add_argument("--image-topic", default="", metavar="T", help="the camera of a bag that has several")
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    read_card(options.weights)  # a wrong name is told before anything starts
    source = DemoSource() if options.path is None else open_source(options.path, options.image_topic)
    own = FIRST if options.path is None else ""
    background = own if options.background is None else options.background
    return make_plan(source, options.weights, background, options.frames, options.rate)


def _folder(out: Path) -> Path:
    """The absolute path of the folder for results, made when it is missing."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be made ({error.strerror}); choose another folder") from error
    return out.absolute()


if __name__ == "__main__":
    sys.exit(main())
