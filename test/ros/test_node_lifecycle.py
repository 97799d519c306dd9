"""Up and down, twice; configure that fails cleanly; clean exits."""

import json
import signal
import time

import pytest
from camera_messages import camera_info, image, picture
from harness import wait_until
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image
from spoiled_weights import altered, of_another_architecture, truncated


def test_up_and_down_twice_with_other_weights(start):
    overrides = {"qos_overrides./mtdense/depth.publisher.reliability": "best_effort"}
    node, client = start({"autostart": False, **overrides}, wait_for="unconfigured")
    for weights in ("two_tasks", "everything"):
        assert client.set_parameter("weights", weights) == (True, "")
        assert client.transition("configure") and client.state() == "inactive"
        assert client.transition("activate") and client.state() == "active"
        assert json.loads(client.transient_local("legend").data)["model"] == weights
        client.subscribe("labels")
        client.exchange(image(picture()), camera_info())
        offered = {t: client.node.get_publishers_info_by_topic(f"/mtdense/{t}")[0].qos_profile.reliability for t in ("labels", "depth")}
        assert offered == {"labels": ReliabilityPolicy.RELIABLE, "depth": ReliabilityPolicy.BEST_EFFORT}
        assert client.transition("deactivate") and client.state() == "inactive"
        publisher = client.publisher(Image, "/camera/image_raw")
        wait_until(lambda p=publisher: p.get_subscription_count() == 0, what="no subscription while inactive")
        assert client.transition("cleanup") and client.state() == "unconfigured"
        wait_until(lambda: client.node.count_publishers("/mtdense/labels") == 0, what="no output while unconfigured")
        client.unsubscribe()
    assert node.stop(signal.SIGINT) == 0


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_busy_node_ends_cleanly(start, with_signal):
    node, client = start()
    client.subscribe("labels", "depth")
    client.exchange(image(picture()))
    for seed in range(20):
        client.publisher(Image, "/camera/image_raw").publish(image(picture(480, 640, seed)))
    assert node.stop(with_signal) == 0
    assert "Traceback" not in node.log()
    wait_until(lambda: client.node.count_publishers("/mtdense/labels") == 0, what="the end of the publishers")


def test_two_interrupts_as_launch_sends_them(start):
    node, _ = start()
    node._process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    assert node.stop(signal.SIGINT) == 0


@pytest.fixture
def spoilt(weights_folder, tmp_path):
    """A copy of the weights in its own folder, to be spoilt."""
    for suffix in (".safetensors", ".json"):
        (tmp_path / f"copy{suffix}").write_bytes((weights_folder / f"two_tasks{suffix}").read_bytes())
    return tmp_path / "copy.safetensors"


def without_card(path):
    path.with_suffix(".json").unlink()


def absent(path):
    path.unlink()


@pytest.fixture(scope="module")
def unconfigured(start):
    """A node that started with weights that do not exist."""
    return start({"weights": "nowhere"}, wait_for=None)


def test_missing_weights_leave_a_node_that_says_what_to_do(unconfigured):
    node, client = unconfigured
    node.wait_for_log("autostart: stays unconfigured")
    assert "nowhere" in node.log() and "two_tasks" in node.log()
    assert node.alive() and client.state() == "unconfigured"
    assert "nowhere" in client.wait_for_fault("weights missing or changed")


@pytest.mark.parametrize("spoil", [truncated, altered, of_another_architecture, without_card, absent])
def test_spoilt_weights_fail_the_transition_and_nothing_else(unconfigured, spoilt, spoil):
    node, client = unconfigured
    spoil(spoilt)
    assert client.set_parameter("weights", str(spoilt))[0]
    assert client.transition("configure") is False
    assert client.state() == "unconfigured" and node.alive()
    assert "copy" in client.wait_for_fault("weights missing or changed")


def test_the_same_node_serves_once_its_weights_are_right(unconfigured):
    _, client = unconfigured
    assert client.set_parameter("weights", ["everything"])[0]
    assert client.transition("configure") and client.transition("activate")
    assert client.diagnostics()["weights missing or changed"][0] == 0


def test_no_gpu_where_one_was_asked_for(start):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    node, client = start({"device": "cuda"}, wait_for=None)
    node.wait_for_log("autostart: stays unconfigured")
    assert "cuda" in client.wait_for_fault("configuration")
    assert client.set_parameter("device", "auto")[0]
    assert client.transition("configure")


def test_wrong_parameters_are_all_named_and_cost_no_process(start):
    wrong = {"max_agee": 1.0, "depth.maximum": 5.0, "every.labels": 0, "max_age": 2, "reliability": "best"}
    node, client = start(wrong, wait_for=None)
    node.wait_for_log("autostart: stays unconfigured")
    message = client.wait_for_fault("configuration")
    assert "max_agee is unknown; did you mean 'max_age'?" in message
    assert "depth.maximum is unknown; did you mean 'depth.max'?" in message
    assert "every.labels: 0 is out of range; use 1 to 1000 frames" in message
    assert "max_age: 2 is no double; write 2.0" in message
    assert "reliability: 'best' is not known; use one of auto | reliable | best_effort" in message
    assert "correct the file and restart" in node.log() and "can be set now" not in node.log()
    assert node.alive() and client.state() == "unconfigured"


def test_parameters_of_a_file_that_need_each_other_are_taken_together(start):
    given = {"depth.scale_mode": "camera_height", "depth.camera_height": 1.2, "depth.min": 0.5, "depth.max": 5.0}
    _, client = start(given)
    assert {name: client.get_parameter(name) for name in given} == given


def test_a_failed_configure_leaves_no_publishers(start):
    node, client = start({"depth.min": 60.0}, wait_for=None)
    node.wait_for_log("autostart: stays unconfigured")
    assert "60 to 50 m is no range" in client.wait_for_fault("configuration")
    assert client.state() == "unconfigured" and client.node.count_publishers("/mtdense/labels") == 0
    assert client.set_parameter("depth.min", 0.0)[0]
    assert client.transition("configure") and client.transition("activate")
    successful, reason = client.set_parameter("depth.min", 55.0)
    assert not successful and "is no range" in reason


def test_a_transition_the_state_does_not_allow_is_refused_and_the_node_serves_on(start):
    node, client = start()
    for name in ("configure", "activate", "cleanup"):
        assert client.transition(name) is False
        assert client.state() == "active"
    assert "transition '1' is not available in state 'active'" in node.log()
    client.subscribe("labels")
    client.exchange(image(picture()), camera_info())
    assert node.stop(signal.SIGINT) == 0
