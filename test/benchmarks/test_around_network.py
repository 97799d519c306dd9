"""The figures of what is around the network: totals, multiples and targets by hand, and that a frame's way is that of the node."""

import numpy as np
import pytest

from benchmarks import around_network
from benchmarks.common import around_tables, targets
from mtdense_ros.imaging.encodings import MessageBuffers, as_bytes

SAMPLE = {"decode": 0.1, "pipeline": 5.0, "messages": 0.2, "copy": 0.5, "preprocess": 0.5, "network": 0.3, "postprocess": 3.0, "scale": 0.0}
STEPS = [{"step": around_tables.CLOUD, "ms": 0.9, "copy_ms": 0.5, "multiple": 1.8}]


def test_all_is_from_bytes_to_bytes_without_the_network():
    assert around_tables.total([SAMPLE]) == [pytest.approx(5.0)]
    lines = around_tables.frames([{**SAMPLE, "results": 1.0}]).splitlines()
    assert "| all | 5.00 | 5.00 | 10.00 |" in lines and "| results | 1.00 | 1.00 | 2.00 |" in lines


def test_targets():
    met = targets.whole_frames({"frames": [SAMPLE], "steps": STEPS})
    assert [target.verdict for target in met] == ["reached", "reached"]
    missed = targets.whole_frames({"frames": [{**SAMPLE, "pipeline": 7.0}], "steps": []})
    assert [target.verdict for target in missed] == ["missed", "not measured"]


def test_a_step_is_measured_together_with_a_copy_of_what_it_returns():
    calls = []
    figures = around_network.measured("step", lambda: calls.append(0) or np.zeros(5, np.float32), 3)
    assert len(calls) == 4 and figures["multiple"] == pytest.approx(figures["ms"] / figures["copy_ms"])
    assert around_network.result_bytes((np.zeros(5, np.float32), b"12")).nbytes == 22


def test_message_values_are_what_the_nodes_messages_hold():
    memory = MessageBuffers()
    mask = np.zeros(around_network.SIZE, bool)
    mask[0, 0] = True
    assert as_bytes(around_network.message_values("foreground", mask, memory))[:2].tolist() == [255, 0]
    half = np.full(around_network.SIZE, 0.5, np.float32)
    assert as_bytes(around_network.message_values("confidence", half, memory))[0] == 128
    assert around_network.message_values("depth", half, memory) is half


def test_every_step_of_the_geometry_runs():
    for name, step in around_network.geometry_steps(np.random.default_rng(0)).items():
        assert around_network.result_bytes(step()).size > 0, name
