"""Which tests need ROS, what turns a skip into a failure, and what tests of several folders share.

MTDENSE_REQUIRE_ALL=1 turns every skip into a failure, for a machine where nothing may be missing (a full ROS 2, the evaluation data).
"""

import os
from pathlib import Path

import pytest

REQUIRE_ALL = os.environ.get("MTDENSE_REQUIRE_ALL") == "1"


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: skipped, which MTDENSE_REQUIRE_ALL=1 forbids: {reason}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of these two folders need ROS, and `scripts/test --quick` does not even import them."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in ("ros", "launch"):
            item.add_marker("ros")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    outcome = yield
    _refuse_skip(outcome.get_result())


@pytest.hookimpl(hookwrapper=True)
def pytest_make_collect_report():
    outcome = yield
    _refuse_skip(outcome.get_result())


@pytest.fixture(scope="session", autouse=True)
def _empty_user_cache(tmp_path_factory):
    """What was measured on this machine, or is left in the user's cache for another reason, must not steer a test."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


CARD_FIELDS = {
    "input": {"height": 96, "width": 128, "resize": "area", "multiple": 32, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
    "metrics": [],
    "data": ["random numbers"],
    "licence": "CC0-1.0",
    "attribution": "",
    "commit": "",
    "command": "test",
}

SMALL = {"mtdense": {"width": 16, "head_width": 8, "change_widths": (8, 8, 8, 8)}, "hydranet": {"num_classes": 6}, "mdeas": {}}
"""Configurations that are quick to run."""


@pytest.fixture(scope="session")
def make_net():
    """make_net(arch, **config) -> a network with random weights and random BatchNorm statistics, always the same."""
    torch = pytest.importorskip("torch")
    from mtdense_ros.models import create_model

    torch.set_num_threads(1)  # the networks are tiny, and on a busy machine more threads wait for each other

    def make(arch, **config):
        torch.manual_seed(0)
        net = create_model(arch, **{**SMALL.get(arch, {}), **config})
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2.0)
                module.weight.data.uniform_(0.5, 1.5)
                module.bias.data.normal_(0, 0.1)
        return net.eval()

    return make


@pytest.fixture(scope="session")
def make_random_weights(tmp_path_factory, make_net):
    """make_random_weights(arch, config={}, name="", **card_fields) -> the path of a new safetensors file with its card."""
    from mtdense_ros.weights import save_weights

    def make(arch, config=None, recorded_arch=None, name="", **fields):
        net = make_net(arch, **(config or {}))
        depth = {"kind": "relative"} if arch == "mdeas" else {"kind": "metric", "min_m": 0.01, "max_m": 50.0, "focal_px": 100.0}
        defaults = {
            "label_space": "indoor" if net.config.get("num_classes") in (6, 7) else None,
            "depth": depth if "depth" in net.outputs else None,
            "foreground": {"threshold": 0.5} if "foreground" in net.outputs else None,
        }
        path = tmp_path_factory.mktemp("weights") / f"{name or 'random_' + arch}.safetensors"
        save_weights(path, net, {**CARD_FIELDS, **defaults, "arch": recorded_arch or arch, **fields})
        return path

    return make


@pytest.fixture(scope="session")
def picture():
    """picture(seed, height=480, width=640) -> an RGB image with structure at all scales, (H, W, 3) uint8."""
    import cv2
    import numpy as np

    def make(seed, height=480, width=640):
        random = np.random.default_rng(seed)
        total = np.zeros((height, width, 3), np.float32)
        for cells in (4, 16, 64):
            noise = random.uniform(0, 85, (cells, cells, 3)).astype(np.float32)
            total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
        return total.astype(np.uint8)

    return make
