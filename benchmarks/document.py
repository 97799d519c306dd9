"""docs/performance.md from the committed figures: `python -m benchmarks.document`, in the root of the sources."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.common import around_tables, network_tables, node_tables, record, robustness_tables, targets
from mtdense_ros.utils.command_line import exit_code
from mtdense_ros.utils.tables import number

DOCUMENT = Path("docs/performance.md")
Content = dict[str, Any]

_INTRODUCTION = """\
# Performance

Made by `python -m benchmarks.document` from `docs/performance/*.json`, which the scripts of `benchmarks/` write; benchmarks/README.md
says how to run them. Times depend on the machine and on what else runs there. What is compared was therefore measured in turns, in one run:
trust the ratios. Each section names its machine and the load before it began; much more than 0 means that other programs ran too.

All figures are of `mtdense_indoor`. *Age* is the time from an image's stamp, taken when the camera process publishes it, to the
arrival of the last of its outputs (labels, depth, normals, foreground, cloud) in the process that subscribes to them, in ms.
"""

_END_TO_END = """\
Three processes: a camera of 640x480 rgb8, the node, and a sink that subscribes to all outputs. The network's input is
{network_input}. *peak*: as fast as the node takes images, with two of them on their way. *outside it*: the node's time for a frame outside
the network, from taking the message to publishing the last output, in ms. *cores*: of the node's process, all its threads.
A *lost frame* is one that the node published and of which an output never arrived. *naive*: `benchmarks/naive_node.py`, the obvious way to
write the node, with the middleware's default settings; *untuned camera*: our node, and a camera driver that was started without our
transport profile; *depth*: of the camera's queue, 10 otherwise; *relay*: a node that does no work and sends as many bytes.
"""

_STAGES = """\
Medians. *decode*, *pipeline* and *publish* follow one another and add up to *all*; the others are parts of the pipeline.
"""

_NETWORK = """\
The network's time as the predictor measures it; each engine, precision and size in its own process, in turns. *Peak*: a 3x3 convolution of
256 to 256 channels at 120x160 with torch in that precision, measured in the same run: {peaks}.
"""

_BY_OUTPUTS = """\
The network's time by the outputs that have subscribers. The sets of outputs take turns frame by frame; the background's features are
cached. *mask's share*: what the foreground adds to the other three outputs, as a share of the time of all four.
"""

_AROUND = """\
Images of 640x480 rgb8, one after the other, from their bytes to the bytes of all messages (labels, confidence, depth, normals,
foreground, cloud), in one process without ROS. The network's outputs at 640x480 were computed before. First with the default threads, then,
in turns with that, with `threads: 1`. The last table has each step by itself; step and copy take turns, and their memory is allocated
before. Where much work gives a small result, the multiple is large.
"""

_GROWTH = """\
Camera at 10 Hz. The network's input always has as many pixels as the card says, so only the other work grows with the camera.
"""

_STARTUP = """\
From the start of the process to its first output. A camera at 30 Hz and a subscriber are already running, and the disk's cache is warm.
*total*: as the node logs it; *seen*: as measured by the process that started it.
"""

_IDLE = "What the node takes of a core while a camera of 640x480 runs at 30 Hz with its camera_info, and no output has a subscriber.\n"

_CAMERAS = """\
One node with several cameras of {camera} (parameter `cameras`), each a process of its own, and a sink of its own for all its outputs. The
network's input is the card's. First all cameras at 5 Hz, none in step with another; then all as fast as the node takes their images, with
two of each on their way. *frames without outputs*: all that were sent and of which not all outputs came back, most of them because a
newer one came first while the node was busy; *lost*: of those that the node published, an output never arrived. *cores*, *CPU* and
*RSS* are the node's; RSS is the highest of all rounds. On a busy machine (see the load) rates and ages say little, the memory does.
"""

_BATCHES = """\
The node works on one frame at a time. Pictures that arrive together could go through the network in one batch instead: here
without ROS, each picture with its own background, in turns. *Age*: of the predictions, from the arrival of all pictures. A batch saves
little on a CPU, all its pictures are as old as the last one, and the engine keeps another compiled network for each size of a batch.
"""

_MEMORY = "Resident memory of the node while a 640x480 camera at 30 Hz runs and all outputs have a subscriber.\n"


_FUZZ = """\
Mutated messages, one after the other, through imaging and pipeline with a small random network: {sent}, of which {accepted} were
accepted and the others refused by name; {crashes} crashes, no output of the wrong size; the slowest took {longest} ms. They ran
{covered} of the lines of `imaging/encodings.py`.
"""

_FUZZ_LIVE = "Mutated messages to a running node over DDS, the next frame when the one before was judged: {failures} failures.\n"

_SOAK = """\
{minutes:g} minutes with a camera at 30 Hz that leaves out, damages and resizes frames, while things are done to the node; all its
sessions together. The client received {labels} labels. From the first to the last third after the warm-up the least that was taken grew
by {mb} MB, {threads} threads and {files} files; before that it grows for some ten minutes. What is subscribed to and set takes memory and
threads that come and go, hence the medians. Faults of engine and worker: {faults}.
"""


def document(folder: Path) -> str:
    """The document of all files in a folder."""
    contents = {name: record.read(folder / f"{name}.json") for name in SECTIONS}
    aims = [target for name, aim in TARGETS.items() if (content := contents[name]) for target in aim(content)]
    parts = [_INTRODUCTION, f"## Targets\n\n{targets.table(aims)}"] if aims else [_INTRODUCTION]
    parts += [section(content) for name, section in SECTIONS.items() if (content := contents[name])]
    return "\n".join(parts)


def main() -> None:
    """Writes the document."""
    DOCUMENT.write_text(document(record.FOLDER), encoding="utf-8")


def made_on(content: Content) -> str:
    """The machine, the versions and the command of a file."""
    machine, versions = content["machine"], content["versions"]
    hardware = f"{machine['cpu']}, {machine['cores']} cores, {machine['ram_gb']:g} GB, {' '.join(machine['flags']) or 'no vector flags'}"
    gpu = f"; {machine['gpu']}" if machine["gpu"] else ""
    with_ = ", ".join(f"{name} {version}" for name, version in versions.items())
    run = f"`{content['command']}`, {content['date']}, commit {content['commit']}, load {content['load_before']:g}."
    return f"{run}\n{hardware}{gpu}; {with_}.\n"


def _end_to_end(content: Content) -> str:
    phases = content["phases"]
    skipped = "".join(f"Not run: {name}: {reason}\n" for name, reason in content["skipped"].items())
    return "\n".join([
        f"## End to end\n\n{_END_TO_END.format(**content)}\n{made_on(content)}{skipped}",
        node_tables.end_to_end(phases),
        f"### Against the naive nodes, camera at 30 Hz\n\n{node_tables.against_naive(phases)}",
        f"### Where the node's time goes, camera at 10 Hz, ms\n\n{_STAGES}\n{node_tables.stages(phases, 10.0)}",
        f"### Age of each output, camera at 30 Hz: p50 / p95 / p99\n\n{node_tables.by_output(phases)}",
    ])  # fmt: skip


def _network(content: Content) -> str:
    runs, costs = content["runs"], content["costs_gmac"]
    measured = dict.fromkeys((run["device"], run["precision"]) for run in runs if run["kind"] == "peak")
    peaks = ", ".join(f"{number(network_tables.peak(runs, *one), 0)} GMAC/s {one[1]} ({one[0]})" for one in measured)
    return "\n".join([
        f"## The network alone\n\n{_NETWORK.format(peaks=peaks)}\n{made_on(content)}",
        network_tables.network(runs, costs),
        f"### Only the outputs with subscribers\n\n{_BY_OUTPUTS}\n{network_tables.by_outputs(runs, costs)}",
    ])  # fmt: skip


def _around_network(content: Content) -> str:
    return "\n".join([
        f"## Around the network\n\n{_AROUND}\n{made_on(content)}",
        around_tables.frames(content["frames"]),
        f"### In one thread\n\n{around_tables.frames(content['frames_in_one_thread'])}",
        f"### Each step\n\n{around_tables.steps(content['steps'])}",
    ])  # fmt: skip


def _growth(content: Content) -> str:
    return f"## Growth\n\n{_GROWTH}\n{made_on(content)}\n{node_tables.growth(content['phases'])}"


def _startup(content: Content) -> str:
    return f"## Startup, engine {content['engine']}\n\n{_STARTUP}\n{made_on(content)}\n{node_tables.startup(content['starts'])}"


def _idle(content: Content) -> str:
    return f"## Idle\n\n{_IDLE}\n{made_on(content)}\n{node_tables.idle(content['runs'])}"


def _cameras(content: Content) -> str:
    return "\n".join([
        f"## Several cameras\n\n{_CAMERAS.format(**content)}\n{made_on(content)}",
        node_tables.cameras(content["phases"]),
        f"### One by one or in batches\n\n{_BATCHES}\n{node_tables.by_batch(content['batches'])}",
    ])  # fmt: skip


def _memory(content: Content) -> str:
    return f"## Memory over time\n\n{_MEMORY}\n{made_on(content)}\n{node_tables.memory(content['samples'])}"


def _fuzz(content: Content) -> str:
    text = _FUZZ.format(
        sent=content["sent"],
        accepted=f"{content['accepted_share']:.0%}",
        crashes=len(content["crashes"]),
        longest=number(content["longest_ms"], 0),
        covered=f"{content['encodings_covered']:.0%}",
    )
    return f"## Fuzzing\n\n{text}\n{made_on(content)}\n{robustness_tables.fuzz(content)}"


def _fuzz_live(content: Content) -> str:
    text = _FUZZ_LIVE.format(failures=len(content["failures"]))
    return f"### Of the running node\n\n{text}\n{made_on(content)}\n{robustness_tables.fuzz_live(content['runs'])}"


def _soak(content: Content) -> str:
    grown = content["growth"]
    text = _SOAK.format(
        minutes=content["minutes"],
        labels=content["labels_received"],
        mb=number(grown["rss_mb"], 0),
        threads=number(grown["threads"], 0),
        files=number(grown["files"], 0),
        faults=", ".join(name for name in ("GPU lost", "engine failed", "worker restarted") if name in content["faults"]) or "none",
    )
    return f"## Soak\n\n{text}\n{made_on(content)}\n{robustness_tables.soak(content)}"


SECTIONS: dict[str, Callable[[Content], str]] = {
    "end_to_end": _end_to_end,
    "network": _network,
    "around_network": _around_network,
    "startup": _startup,
    "idle": _idle,
    "growth": _growth,
    "cameras": _cameras,
    "memory": _memory,
    "fuzz": _fuzz,
    "fuzz_live": _fuzz_live,
    "soak": _soak,
}
"""The files of docs/performance by name, in the order of the document."""

TARGETS: dict[str, Callable[[Content], list[targets.Target]]] = {
    "end_to_end": lambda content: targets.end_to_end(content["phases"], content["copies_ms"]),
    "network": lambda content: targets.network(content["runs"]),
    "around_network": targets.whole_frames,
    "startup": lambda content: targets.startup(content["starts"]),
    "idle": lambda content: targets.idle(content["runs"]),
    "cameras": lambda content: targets.cameras(content["phases"], content["load_before"]),
}
"""Where targets are read from."""

if __name__ == "__main__":
    sys.exit(exit_code(main, "document"))
