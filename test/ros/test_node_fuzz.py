"""A few mutants over DDS, the fast part of `python -m benchmarks.fuzz_live`."""

import harness  # noqa: F401 - skips where there is no ROS, and names the domains
import pytest

from benchmarks.fuzz import random_weights
from benchmarks.fuzz_live import fuzz_live


@pytest.mark.slow
def test_a_node_survives_mutants_and_counts_every_frame(tmp_path):
    found = fuzz_live(random_weights(tmp_path), 45, 11, tmp_path)
    assert not found["failures"]
    assert found["accepted_share"] >= 0.3
    assert all(run["received"] and run["refused"] for run in found["runs"])
