"""Other weights while the node runs: verified and warmed before they take over; on any failure the old ones go on."""

import json

import pytest
from camera_messages import array_of, camera_info, image, picture
from harness import START_S, wait_until
from spoiled_weights import altered, of_another_architecture, truncated

from mtdense_ros.ros.messages import LabelInfo


@pytest.fixture(scope="module")
def reference(client):
    """The labels of `everything` of the test's picture, with a background that is set."""
    client.subscribe("labels", "depth", "foreground")
    assert client.capture(image(picture(seed=1)), camera_info()).success
    return array_of(client.exchange(image(picture()))["labels"])


def set_weights(client, weights):
    """(successful, reason), as long as loading may take."""
    return client.set_parameter("weights", weights, START_S)


def model(client):
    return json.loads(client.transient_local("legend").data)["model"]


def test_other_weights_take_over_and_back_again(client, reference):
    before = int(client.values()["received"])
    assert set_weights(client, "two_tasks") == (True, "")
    assert client.get_parameter("weights") == "two_tasks"
    received = client.exchange(image(picture()), topics=["labels", "depth"])
    assert not (array_of(received["labels"]) == reference).all()
    wait_until(lambda: model(client) == "two_tasks", what="the new legend")
    assert "two_tasks has no output 'foreground'" in client.wait_for_fault("output not available")
    assert set_weights(client, ["everything"]) == (True, "")
    received = client.exchange(image(picture()))  # with the mask: the background has been encoded again
    assert (array_of(received["labels"]) == reference).all()
    wait_until(lambda: model(client) == "everything", what="the old legend")
    assert client.diagnostics()["output not available"][0] == 0
    assert int(client.values()["received"]) > before


def absent(path):
    path.unlink()


@pytest.mark.parametrize("spoil", [truncated, altered, of_another_architecture, absent])
def test_weights_that_cannot_be_verified_are_refused_and_the_old_ones_go_on(client, reference, weights_folder, tmp_path, spoil):
    for suffix in (".safetensors", ".json"):
        (tmp_path / f"copy{suffix}").write_bytes((weights_folder / f"two_tasks{suffix}").read_bytes())
    path = tmp_path / "copy.safetensors"
    spoil(path)
    successful, reason = set_weights(client, str(path))
    assert not successful and "copy" in reason
    assert client.get_parameter("weights") == ["everything"]
    assert (array_of(client.exchange(image(picture()))["labels"]) == reference).all()
    assert client.diagnostics()["weights missing or changed"][0] == 0


@pytest.mark.parametrize(
    "names, words",
    [
        (["nowhere"], ["nowhere", "two_tasks"]),
        (["everything", "everything"], ["comes twice"]),
        (["everything", "two_tasks"], ["two_tasks", "nothing to do"]),
    ],
    ids=["unknown", "twice", "without work"],
)
def test_lists_that_do_not_fit_are_refused_with_the_reason(client, reference, names, words):
    successful, reason = set_weights(client, names)
    assert not successful and all(word in reason for word in words)
    assert (array_of(client.exchange(image(picture()))["labels"]) == reference).all()


def test_weights_that_contradict_the_other_parameters_are_refused(client, reference):
    assert client.set_parameter("depth.max", 9.0)[0]
    successful, reason = set_weights(client, ["mdeas_small"])
    assert not successful and "are metres, the depth is relative" in reason
    assert client.set_parameter("depth.max", 0.0)[0]
    assert (array_of(client.exchange(image(picture()))["labels"]) == reference).all()


def test_label_info_follows_the_weights(client, reference):
    if LabelInfo is None:
        pytest.skip("vision_msgs is not installed")
    assert set_weights(client, ["mdeas_small"])[0]
    wait_until(lambda: client.node.count_publishers("/mtdense/label_info") == 0, what="the end of label_info")
    assert set_weights(client, ["everything"])[0]
    wait_until(lambda: client.node.count_publishers("/mtdense/label_info") == 1, what="label_info")


def test_a_budget_begins_again_with_the_new_weights(client, reference):
    assert client.set_parameter("budget.rate_hz", 2.0)[0]
    client.exchange(image(picture()))
    assert set_weights(client, "two_tasks")[0]
    client.exchange(image(picture()), topics=["labels"])
    assert client.values()["budget given up"] == "nothing"
    assert set_weights(client, ["everything"])[0]
    assert client.set_parameter("budget.rate_hz", 0.0)[0]
    client.exchange(image(picture()))
