"""The demo: a rendered or recorded sequence through the real node, and what came back as bag, sheet and report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from mtdense_ros.replay.analysis import heading, live_report, page_frames, sheet_rows
from mtdense_ros.replay.arguments import add_arguments, plan_of
from mtdense_ros.replay.bag_writer import write_bag
from mtdense_ros.replay.contact_sheet import draw_sheet
from mtdense_ros.replay.demo_sequence import DemoSource
from mtdense_ros.replay.live import RECORDS, Run, play_live
from mtdense_ros.replay.offline import replay_offline
from mtdense_ros.replay.page.write import NAME, page_absence, write_page
from mtdense_ros.replay.plan import Plan
from mtdense_ros.replay.report import table, write_report
from mtdense_ros.replay.result_writer import claim_folder, write_png
from mtdense_ros.utils.command_line import Console, exit_code
from mtdense_ros.utils.files import make_folder
from mtdense_ros.weights import read_card

DEFAULT_FRAMES = 150
"""A frame of 640x480 with all its outputs is 16 MB before compression."""


def demonstrate(plan: Plan, out: Path, console: Console) -> None:
    """Plays the plan into the node; leaves demo.mcap (a rosbag2), sheet.png, report.json, report.md, report.html where its packages are
    installed, and the processes' logs in `out`.

    Raises MtdenseError; InputError where files that no run has written stand in the way.
    """
    claim_folder(out)
    try:
        _leave_results(plan, play_live(plan, out, console), out, console)
    finally:
        (out / RECORDS).unlink(missing_ok=True)


def _leave_results(plan: Plan, run: Run, out: Path, console: Console) -> None:
    truth = plan.source.truth if isinstance(plan.source, DemoSource) else []
    report = live_report(plan, run, truth)
    write_report(report, out)
    write_png(out / "sheet.png", draw_sheet(sheet_rows(plan.source, run), heading(plan.source, report, run.recording, bool(truth))))
    if absence := page_absence():
        console.say(absence)
    else:
        cards = [read_card(name) for name in plan.weights]
        write_page(report, page_frames(plan.source, run), cards, out / NAME)
        console.say(f"{out / NAME}: open it in a browser")
    console.say("writing the bag")
    size = write_bag(run.recording, out / "demo.mcap")
    console.show(f"\n{table(report)}\n")
    console.say(f"{out / 'sheet.png'} shows it, {out / 'report.md'} has the table, {out / 'demo.mcap'} ({size / 1e6:.0f} MB) is a rosbag2")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 1 after an error, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    add_arguments(parser, out="demo_out", frames=DEFAULT_FRAMES)
    rate_help = "frames per second, answered or not (default: each after the answer to the last)"
    parser.add_argument("--rate", type=float, default=0.0, metavar="HZ", help=rate_help)
    options = parser.parse_args(arguments)
    return exit_code(lambda: _run(options), "demo", failed=1)


def _run(options: argparse.Namespace) -> None:
    console, plan, out = Console("demo"), plan_of(options, options.rate), make_folder(options.out)
    if find_spec("rclpy") is None:
        console.say("no ROS 2 here (no rclpy for this Python): the pipeline runs without the node; source a ROS 2 to see the node")
        replay_offline(plan, out, console)
    else:
        demonstrate(plan, out, console)


if __name__ == "__main__":
    sys.exit(main())
