"""Streams as they come: too fast, changing under way, slower to compute than to send, and subscribers that do not read."""

import time

import numpy as np
import pytest
import rclpy
from camera_messages import array_of, camera_info, image, picture, stamp_of
from faulty_client import FaultyNode
from harness import BEST_EFFORT, RELIABLE, wait_until
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2

TOPIC = "/camera/image_raw"
OUTCOMES = ("processed", "dropped", "late", "refused", "unheard")


@pytest.fixture(autouse=True)
def silence(client):
    """Every test begins without subscriptions."""
    yield
    client.unsubscribe()


def play(client, hertz, seconds):
    """Sends frames at this rate, however few come through; returns the last one and how many were sent."""
    publisher = client.publisher(Image, TOPIC)
    wait_until(lambda: publisher.get_subscription_count() > 0, what="a subscription")
    begin, sent = time.monotonic(), 0
    while (now := time.monotonic()) < begin + seconds:
        if now >= begin + sent / hertz:
            last = image(picture(seed=sent % 5))
            publisher.publish(last)
            sent += 1
        else:
            time.sleep(begin + sent / hertz - now)
    return last, sent


def gained(before, after):
    return {name: int(after[name]) - int(before[name]) for name in ("received", *OUTCOMES)}


def balanced(client, before):
    """What was counted since, once nothing is in flight any more; in balance."""
    client.wait_for_value("in flight", lambda v: v == "0")
    found = gained(before, client.values())
    assert found["received"] == sum(found[name] for name in OUTCOMES)
    return found


def test_a_camera_at_200_hz(client):
    client.subscribe("labels")
    client.exchange(image(picture()))
    before = client.values()
    last, sent = play(client, 200.0, 2.0)
    client.received(stamp_of(last), ["labels"])
    found = balanced(client, before)
    assert 0 < found["processed"] <= found["received"] <= sent
    assert found["refused"] == found["late"] == 0


def test_a_subscriber_that_never_reads_holds_up_nobody(client):
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=client.domain)
    idle = rclpy.create_node("idle", context=context, start_parameter_services=False)
    keep_all = QoSProfile(history=HistoryPolicy.KEEP_ALL, depth=0, reliability=ReliabilityPolicy.RELIABLE)
    client.subscribe("labels")
    try:
        idle.create_subscription(Image, "/mtdense/labels", lambda m: None, keep_all)
        idle.create_subscription(PointCloud2, "/mtdense/points", lambda m: None, keep_all)
        wait_until(lambda: client.node.count_subscribers("/mtdense/points") == 1, what="the subscriber")
        client.send(camera_info(), "/camera/camera_info")
        for seed in range(60):
            client.exchange(image(picture(seed=seed)))
    finally:
        idle.destroy_node()
        rclpy.try_shutdown(context=context)


def grey(rgb):
    return np.ascontiguousarray(rgb[..., :1])


def test_a_camera_that_changes_size_and_encoding_under_way(client):
    client.subscribe("labels", "foreground_overlay")
    assert client.capture(image(picture(seed=1))).success
    for height, width in ((96, 128), (48, 64), (120, 160), (96, 128), (33, 77)):
        for encoding, bytes_of in (("rgb8", lambda p: p), ("mono8", grey), ("bgr8", lambda p: p[..., ::-1])):
            sent = image(bytes_of(picture(height, width)), encoding)
            labels = client.exchange(sent, topics=["labels"])["labels"]
            assert array_of(labels).shape == (height, width)
        if (height, width) == (96, 128):
            client.received(stamp_of(sent), ["foreground_overlay"])
        else:
            assert f"the background is 128x96, the image {width}x{height}" in client.wait_for_fault("background unusable", f"{width}x")
    client.exchange(image(picture()))
    assert client.diagnostics()["background unusable"][0] == 0


def test_a_camera_that_changes_its_quality_of_service_under_way(client):
    client.subscribe("labels")
    client.exchange(image(picture()))
    for qos in (BEST_EFFORT, RELIABLE, BEST_EFFORT):
        for other in (RELIABLE, BEST_EFFORT):
            if other is not qos:
                client.publisher(Image, TOPIC, other)
                client.drop_publisher(Image, TOPIC, other)
        publisher = client.publisher(Image, TOPIC, qos)

        def heard(p=publisher):
            sent = image(picture())
            p.publish(sent)
            time.sleep(0.05)  # a best-effort frame that is lost does not come
            return client.of_stamp("labels", stamp_of(sent))

        wait_until(heard, what="labels")
    client.drop_publisher(Image, TOPIC, BEST_EFFORT)


def test_a_network_that_is_slower_than_the_camera_for_long(start, tmp_path):
    """Old frames do not queue up: what is published is the newest, and every frame is counted."""
    faulty = FaultyNode(start, tmp_path)
    client = faulty.client
    faulty.fail("is slow")
    client.exchange(image(picture()), topics=["labels"])
    before = client.values()
    last, sent = play(client, 50.0, 10.0)
    behind = client.received(stamp_of(last), ["labels"])
    found = balanced(client, before)
    assert behind and found["dropped"] > found["processed"] > 0
    assert found["received"] <= sent and found["refused"] == 0
    assert client.diagnostics()["engine failed"][0] == 0
