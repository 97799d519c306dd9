"""Two networks in one node: whose output is whose, who runs, relative depth, and lists that do not fit together."""

import json

import numpy as np
import pytest
from camera_messages import array_of, camera_info, image, picture
from harness import wait_until

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.inference.predictor import Predictor

HEIGHT, WIDTH = 96, 128
CAMERA = Intrinsics(WIDTH, HEIGHT, 100.0, 100.0, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)
TOPICS = ("labels", "depth", "foreground", "points")


def encoder_calls(client):
    """How often the encoder of each network ran."""
    values = client.values()
    return int(values["calls two_tasks encoder"]), int(values["calls mdeas_small encoder"])


@pytest.fixture(scope="module")
def client(start):
    """Of a node with labels and metric depth of one network and the mask of the other, and a reference frame."""
    _, client = start({"weights": ["two_tasks", "mdeas_small"]})
    client.subscribe("foreground")
    response = client.capture(image(picture(HEIGHT, WIDTH, seed=1)), camera_info(HEIGHT, WIDTH))
    assert response.success, response.message
    return client


def test_each_output_comes_from_its_own_network(client, weights_folder):
    client.subscribe(*TOPICS)
    received = client.exchange(image(picture(HEIGHT, WIDTH, seed=2)))
    assert set(received) == set(TOPICS)
    first, second = (Predictor.load(weights_folder / f"{name}.safetensors", device="cpu") for name in ("two_tasks", "mdeas_small"))
    alone = first.predict(picture(HEIGHT, WIDTH, seed=2), CAMERA)
    mask = second.predict(picture(HEIGHT, WIDTH, seed=2), background=picture(HEIGHT, WIDTH, seed=1)).foreground
    assert np.allclose(array_of(received["depth"]), alone.depth, atol=1e-6)
    assert (array_of(received["labels"]) == alone.labels).mean() > 0.999
    assert ((array_of(received["foreground"]) > 0) == mask).mean() > 0.999


def test_a_network_that_nobody_hears_does_not_run(client):
    client.unsubscribe()
    client.subscribe("foreground")
    client.exchange(image(picture(HEIGHT, WIDTH, seed=3)))
    before = encoder_calls(client)
    for seed in (4, 5, 6):
        client.exchange(image(picture(HEIGHT, WIDTH, seed=seed)))
    wait_until(lambda: encoder_calls(client)[1] == before[1] + 3, what="three frames of mdeas_small")
    assert encoder_calls(client)[0] == before[0]


def test_the_legend_says_who_makes_what(client):
    legend = json.loads(client.transient_local("legend").data)
    assert {n["model"]: n["outputs"] for n in legend["networks"]} == {
        "two_tasks": ["labels", "confidence", "depth"], "mdeas_small": ["foreground"],
    }  # fmt: skip
    assert legend["depth_kind"] == "metric"


def test_relative_depth_is_declared_and_makes_points_once_it_has_a_scale(start):
    _, client = start({"weights": ["two_tasks", "mdeas_small"], "outputs.depth": "mdeas_small"})
    client.subscribe("depth", "points")
    assert client.capture(image(picture(HEIGHT, WIDTH, seed=1)), camera_info(HEIGHT, WIDTH)).success
    relative = array_of(client.exchange(image(picture(HEIGHT, WIDTH, seed=2)), topics=["depth"])["depth"])
    assert "relative, points need metres; set depth.scale_mode" in client.wait_for_fault("output not available", "points")
    assert json.loads(client.transient_local("legend").data)["depth_kind"] == "relative"
    successful, reason = client.set_parameter("depth.encoding", "16UC1")
    assert not successful and "the depth is relative; use 32FC1" in reason

    assert client.set_parameter("depth.scale", 3.0)[0] and client.set_parameter("depth.scale_mode", "fixed")[0]
    legend = json.loads(client.transient_local("legend").data)
    assert (legend["depth_kind"], legend["depth_scale"], legend["depth_factor"]) == ("metric", "fixed", 3.0)
    received = client.exchange(image(picture(HEIGHT, WIDTH, seed=2)))
    scaled = array_of(received["depth"])
    known = np.isfinite(scaled)
    assert known.any() and np.allclose(scaled[known], 3 * relative[known], rtol=1e-4)
    assert len(received["points"].data) == 20 * WIDTH * HEIGHT


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"weights": ["two_tasks", "everything", "mdeas_small"]}, "'mdeas_small' would have nothing to do"),
        ({"weights": ["two_tasks"], "outputs.foreground": "two_tasks"}, "outputs.foreground: 'two_tasks' has no foreground"),
        ({"weights": ["everything"], "labels.space": "nyud40"}, "'nyud40' is no label space of 'everything'"),
    ],
)
def test_what_does_not_fit_leaves_the_node_unconfigured_and_says_which(start, parameters, message):
    node, client = start({"outputs.labels": "", **parameters}, wait_for=None)
    assert message in client.wait_for_fault("configuration")
    assert client.state() == "unconfigured" and node.alive()
