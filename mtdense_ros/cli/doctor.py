"""`mtdense doctor`: what this machine really does, line by line, and what to change."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mtdense_ros.doctor.checks import examine
from mtdense_ros.doctor.probe import FAIL, OK, SKIP, WARN, Finding
from mtdense_ros.utils.command_line import ProgressLine
from mtdense_ros.utils.files import write_result

MOST_MESSAGES = 300
"""More of each kind take longer than the self-test may."""


def main(arguments: Sequence[str]) -> int:
    """Prints each finding as it is made, and on the standard error what is being looked at; 1 when anything failed, else 0.

    Raises InputError when --json cannot be written.
    """
    options = _parser().parse_args(arguments)
    progress = ProgressLine(lines=True)
    findings = []
    for finding in examine(options.image_topic, options.messages, lambda name, limit: progress.show(f"{name} (at most {limit:g} s) ...")):
        findings.append(finding)
        progress.clear()
        sys.stdout.write(finding.line() + "\n")
        sys.stdout.flush()
    progress.clear()
    sys.stdout.write(summary(findings) + "\n")
    if options.json is not None:
        write_result(options.json, json.dumps({"findings": [asdict(finding) for finding in findings]}, indent=1) + "\n", "--json")
    return int(any(finding.status == FAIL for finding in findings))


def summary(findings: Sequence[Finding]) -> str:
    """How many findings there are of each status."""
    statuses = [finding.status for finding in findings]
    return ", ".join(f"{statuses.count(status)} {status}" for status in (OK, WARN, FAIL, SKIP))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mtdense doctor", description=__doc__, epilog="Exit status: 1 when a check failed.")
    parser.add_argument("--image-topic", default="", metavar="T", help="look at this camera topic too, in this shell's ROS domain")
    parser.add_argument("--messages", type=_messages, default=30, metavar="N", help="of each kind in the self-test (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there as well")
    return parser


def _messages(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST_MESSAGES:
        raise argparse.ArgumentTypeError(f"'{text}' is no number from 1 to {MOST_MESSAGES}")
    return int(text)
