"""Half a minute of `python -m benchmarks.soak`: whatever is done to the node, every frame is in one counter."""

import harness  # noqa: F401 - skips where there is no ROS
import pytest

from benchmarks.fuzz import random_weights
from benchmarks.soak import growth, soak


@pytest.mark.slow
def test_every_frame_is_counted_whatever_is_done_to_the_node(tmp_path):
    """How memory and threads grow is for longer runs to say."""
    parameters = {"weights": str(random_weights(tmp_path)), "engine": "torch", "threads": 1, "warm_up": "320x240"}
    found = soak(tmp_path, 0.5, 5, parameters)
    assert [failure for failure in found["failures"] if "grew" not in failure] == []
    assert found["counted"]["received"] > 0 and found["counted"]["processed"] > 0
    assert len(found["done"]) >= 3 and found["samples"]


def test_growth_is_from_the_first_to_the_last_third_after_the_warm_up():
    samples = [{"rss_mb": mb, "threads": 20, "files": 10 + i} for i, mb in enumerate([1, 900, 100, 101, 999, 103, 104, 105])]
    assert growth(samples) == {"rss_mb": 104 - 100, "threads": 0, "files": 4}
