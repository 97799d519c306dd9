"""The installed node, started by the launch file: it comes up, answers an image, comes back after a crash and ends cleanly."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not here")
pytest.importorskip("launch_ros", reason="launch_ros is not here; it comes with a ROS 2 installation")
pytest.importorskip("launch_pytest", reason="launch_pytest is not here; it comes with a ROS 2 installation")

import launch_pytest
import torch
from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from camera_messages import array_of, camera_info, image, picture, stamp_of
from harness import Client, new_domain, wait_until
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, RegisterEventHandler, SetEnvironmentVariable
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.launch_description_sources import PythonLaunchDescriptionSource

from mtdense_ros.models import create_model
from mtdense_ros.weights import save_weights

try:
    PREFIX = Path(get_package_prefix("mtdense_ros"))
except PackageNotFoundError:
    pytest.skip("mtdense_ros is not installed; run colcon build and source install/setup.bash", allow_module_level=True)

CARD = {
    "arch": "hydranet",
    "input": {"height": 64, "width": 96, "resize": "stretch", "multiple": 32, "mean": [0.5] * 3, "std": [0.5] * 3},
    "label_space": "indoor",
    "depth": {"kind": "metric", "min_m": 0.1, "max_m": 10.0, "focal_px": 80.0},
    "foreground": None,
    "metrics": [],
    "data": [],
    "licence": "Apache-2.0",
    "attribution": "",
    "commit": "",
    "command": "random weights of a test",
}


class Launched:
    """A launch description of the node, the pids that it started and their exit codes."""

    def __init__(self, folder: Path, **arguments: str) -> None:
        self.domain = new_domain()
        self.started: list[int] = []
        self.exit_codes: list[int] = []
        torch.manual_seed(0)
        save_weights(folder / "random", create_model("hydranet", num_classes=6, tasks=("labels", "depth")), CARD)
        arguments = {"weights": str(folder / "random.safetensors"), "device": "cpu", "image": "/camera/image_raw", **arguments}
        source = PythonLaunchDescriptionSource(str(PREFIX / "share" / "mtdense_ros" / "launch" / "mtdense.launch.py"))
        self.description = LaunchDescription(
            [
                SetEnvironmentVariable("ROS_DOMAIN_ID", str(self.domain)),
                RegisterEventHandler(OnProcessStart(on_start=lambda event, _: self.started.append(event.pid))),
                RegisterEventHandler(OnProcessExit(on_exit=lambda event, _: self.exit_codes.append(event.returncode))),
                IncludeLaunchDescription(source, launch_arguments=arguments.items()),
                launch_pytest.actions.ReadyToTest(),
            ]
        )


@launch_pytest.fixture
def one_node(tmp_path):
    launched = Launched(tmp_path)
    return launched.description, launched


@launch_pytest.fixture
def respawning_node(tmp_path):
    launched = Launched(tmp_path, use_respawn="true")
    return launched.description, launched


@launch_pytest.fixture
def waiting_node(tmp_path):
    launched = Launched(tmp_path, autostart="false")
    return launched.description, launched




@pytest.mark.launch(fixture=one_node)
def test_comes_up_active_answers_an_image_and_ends_cleanly(one_node):
    launched = one_node[1]
    client = Client(launched.domain)
    try:
        client.wait_for_state("active")
        client.subscribe("labels", "depth")
        sent = image(picture())
        answers = client.exchange(sent, camera_info())
        assert {stamp_of(answer) for answer in answers.values()} == {stamp_of(sent)}
        assert array_of(answers["labels"]).shape == array_of(answers["depth"]).shape == (96, 128)
        assert np.isin(array_of(answers["labels"]), [0, 1, 2, 3, 4, 5]).all()
    finally:
        client.close()
    yield
    assert launched.exit_codes == [0]


@pytest.mark.launch(fixture=waiting_node)
def test_without_autostart_it_waits_for_a_lifecycle_manager(waiting_node):
    client = Client(waiting_node[1].domain)
    try:
        client.wait_for_state("unconfigured")
        assert client.transition("configure") and client.transition("activate")
        assert client.state() == "active"
    finally:
        client.close()


@pytest.mark.launch(fixture=respawning_node)
def test_comes_back_after_a_crash(respawning_node):
    launched = respawning_node[1]
    client = Client(launched.domain)
    try:
        client.wait_for_state("active")
        os.kill(launched.started[0], signal.SIGKILL)
        wait_until(lambda: len(launched.started) == 2, what="a second start")
    finally:
        client.close()
    second = Client(launched.domain)
    try:
        second.wait_for_state("active")
    finally:
        second.close()
