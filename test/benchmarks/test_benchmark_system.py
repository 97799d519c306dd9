"""The benchmarks' three processes over real DDS, with the node that does no work."""

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: the benchmarks' processes are not tried")

from benchmarks.common.names import OUTPUT_NAMES
from benchmarks.common.statistics import complete, lost, set_age
from benchmarks.common.system import System
from benchmarks.common.variants import VARIANTS

pytestmark = [pytest.mark.ros, pytest.mark.slow]


def test_every_set_of_outputs_is_accounted_for(tmp_path):
    with System(VARIANTS["relay"], (48, 64), "", tmp_path, sinks=2) as system:
        phases = [system.play(rate, 0.2, 1.0) for rate in (20.0, 0.0)]
    for each in phases:
        assert each["outputs"] == OUTPUT_NAMES
        assert lost(each) == 0 and len(complete(each)) == each["finished"]
        assert 2 <= each["finished"] <= each["sent"]
        assert all(0.0 < set_age(row) < 5000.0 for row in complete(each))
        assert len(each["stages"]["node"]) <= each["finished"]
        assert each["rss_mb"] > 10.0 and set(each["cores"]) == {"node", "camera", "sink"}
