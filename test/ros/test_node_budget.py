"""A budget and every-n on the node, over real DDS."""

import itertools
import json

import pytest
from camera_messages import camera_info, image, picture, stamp_of
from harness import wait_until

from mtdense_ros.geometry.point_cloud import unpack_cloud

TOPICS = ("labels", "depth", "normals", "foreground", "points")
HEIGHT, WIDTH = 96, 128


@pytest.fixture(scope="module")
def watched(client):
    """A client that hears everything, with a reference frame."""
    client.subscribe(*TOPICS)
    assert client.capture(image(picture(seed=1)), camera_info()).success
    client.exchange(image(picture()))
    return client


def stream_until(client, condition, seconds=90.0):
    """Frames, each after the last one's depth, until the condition holds."""
    seeds = itertools.count()

    def step():
        client.exchange(image(picture(seed=next(seeds) % 7)), topics=["depth"])
        return condition()

    wait_until(step, seconds, "the condition")


def test_a_budget_that_cannot_be_kept_is_a_fault_and_everything_comes_back(watched, running):
    node, _ = running
    before = json.loads(watched.transient_local("legend").data)["input_size"]
    assert watched.values()["budget"] == "off"
    assert watched.set_parameter("budget.latency_ms", 0.01)[0]

    def all_given_up():
        return "1/2 of the sides" in watched.values()["budget given up"] and watched.diagnostics()["over budget"][0] > 0

    stream_until(watched, all_given_up)
    values = watched.values()
    assert values["budget"].startswith("latency p90 ") and values["budget"].endswith(" of 0.01 ms")
    for given in ("labels.upsampling fast", "labels and normals in turn, each on every 2nd frame", "size 64x64"):
        assert given in values["budget given up"] and given in node.log()
    assert "raise the budget" in watched.wait_for_fault("over budget")
    wait_until(lambda: json.loads(watched.transient_local("legend").data)["input_size"] != before, what="the legend of the smaller input")
    last = image(picture(seed=3))
    watched.exchange(last, topics=["foreground", "depth"])  # the mask goes on
    assert len(watched.of_stamp("labels", stamp_of(last))) + len(watched.of_stamp("normals", stamp_of(last))) <= 1

    assert watched.set_parameter("budget.latency_ms", 0.0)[0]
    stream_until(watched, lambda: watched.values()["budget given up"] == "nothing")
    assert watched.values()["budget"] == "off" and watched.diagnostics()["over budget"][0] == 0
    watched.exchange(image(picture()))
    wait_until(lambda: json.loads(watched.transient_local("legend").data)["input_size"] == before, what="the legend")


def test_a_budget_that_is_kept_changes_nothing(watched):
    assert watched.set_parameter("budget.latency_ms", 10000.0)[0]
    assert watched.set_parameter("budget.rate_hz", 0.01)[0]
    try:
        stream_until(watched, lambda: "rate " in watched.values()["budget"])
        assert watched.values()["budget given up"] == "nothing"
    finally:
        watched.set_parameter("budget.latency_ms", 0.0)
        watched.set_parameter("budget.rate_hz", 0.0)


def calls(client):
    return {key.removeprefix("calls "): int(n) for key, n in client.values().items() if key.startswith("calls ")}


def twelve_frames(client):
    """Which of twelve frames have each topic, and how often each part of the network ran for them."""
    before, processed = calls(client), int(client.values()["processed"])
    sent = [image(picture(seed=seed)) for seed in range(12)]
    for i, message in enumerate(sent, 1):
        client.send(message)
        client.wait_for_value("processed", lambda v, i=i: int(v) >= processed + i)
    after = calls(client)
    seen = {topic: [bool(client.of_stamp(topic, stamp_of(m))) for m in sent] for topic in TOPICS}
    return seen, {part: after[part] - before[part] for part in after}


@pytest.mark.parametrize("every", [{"depth": 3}, {"labels": 3, "normals": 2}, {"foreground": 2, "depth": 4, "labels": 4}], ids=str)
def test_every_nth_frame_has_the_output_and_its_head_runs_for_no_other(watched, every):
    for name, n in every.items():
        assert watched.set_parameter(f"every.{name}", n)[0]
    expected = {"encoder": 12} | {head: 12 // every.get(head, 1) for head in ("labels", "depth", "normals", "foreground")}

    def as_expected():
        seen, ran = twelve_frames(watched)
        for topic in TOPICS:
            n = every.get("depth" if topic == "points" else topic, 1)
            first = seen[topic].index(True)
            assert seen[topic] == [i % n == first for i in range(12)], topic
        return ran == expected

    try:
        wait_until(as_expected, what="an engine that is prepared for these outputs")
    finally:
        for name in every:
            watched.set_parameter(f"every.{name}", 1)


def test_points_of_a_frame_without_labels_say_so(watched):
    watched.set_parameter("every.labels", 2)
    try:
        clouds = []
        for seed in range(2):
            received = watched.exchange(image(picture(seed=seed)), camera_info(), topics=["points", "depth"])["points"]
            clouds.append(unpack_cloud(received.data, WIDTH, HEIGHT))
    finally:
        watched.set_parameter("every.labels", 1)
    without, with_labels = sorted(clouds, key=lambda cloud: int(cloud["label"].min()), reverse=True)
    assert (without["label"] == 255).all() and (without["confidence"] == 0).all()
    assert (with_labels["label"] < 6).all()


def test_thousand_is_never_again_for_now(watched):
    watched.set_parameter("every.normals", 1000)
    try:
        watched.exchange(image(picture()), topics=["depth"])
        before = watched.count("normals")
        for seed in range(5):
            watched.exchange(image(picture(seed=seed)), topics=["depth"])
        assert watched.count("normals") == before
    finally:
        watched.set_parameter("every.normals", 1)
