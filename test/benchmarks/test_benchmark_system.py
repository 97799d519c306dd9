"""The benchmarks' processes over real DDS, with the node that does no work and with the package's."""

import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed: the benchmarks' processes are not tried")

from benchmarks.common.names import OUTPUT_NAMES
from benchmarks.common.node_tables import unanswered
from benchmarks.common.statistics import complete, lost, set_age
from benchmarks.common.system import System
from benchmarks.common.variants import OURS, VARIANTS

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


def test_several_cameras_have_a_phase_each(tmp_path):
    with System(OURS, (48, 64), "", tmp_path, cameras=("front", "rear")) as system:
        phases = system.play_all(5.0, 0.2, 1.0)
    assert len(phases) == 2
    for each in phases:
        assert len(complete(each)) >= 1 and unanswered(each) == each["sent"] - len(complete(each))
    assert phases[0]["finished"] == phases[1]["finished"] >= sum(len(complete(each)) for each in phases)
    assert {"network", "node"} <= set(phases[0]["stages"])
