"""A node that is killed and started again, as by use_respawn of the launch file: outputs come again, and the mask with its background."""

import signal
import time

import harness
import pytest
from camera_messages import image, picture, stamp_of
from harness import wait_until
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

TOPIC = "/camera/image_raw"


@pytest.fixture
def respawned(tmp_path, weights_folder):
    """respawned() -> a new process of the same node in the same domain; the client stays."""
    parameters = {
        "weights": "everything",
        "warm_up": "128x96",
        "threads": 1,
        "diagnostics.period": 0.1,
        "background.path": str(tmp_path / "reference.png"),
    }
    domain, nodes = harness.new_domain(), []
    client = harness.Client(domain)

    def start():
        folder = tmp_path / str(len(nodes))
        nodes.append(harness.NodeProcess(folder, domain, parameters, (f"image:={TOPIC}",), weights_folder))
        return nodes[-1], client

    yield start
    client.close()
    for node in nodes:
        node.stop(signal.SIGKILL)


def next_outputs(client):
    """Sends frames at 10 Hz until labels and mask of one have come."""
    publisher = client.publisher(Image, TOPIC)

    def came():
        sent = image(picture())
        publisher.publish(sent)
        time.sleep(0.1)
        return all(client.of_stamp(topic, stamp_of(sent)) for topic in ("labels", "foreground"))

    wait_until(came, harness.START_S, "labels and mask")


def test_killed_three_times_in_the_middle_of_its_work(respawned):
    node, client = respawned()
    client.wait_for_state("active")
    client.subscribe("labels", "foreground")
    assert client.capture(image(picture(seed=1))).success
    assert client.call(Trigger, "background/save", Trigger.Request()).success
    for _ in range(3):
        next_outputs(client)
        for seed in range(20):  # so that the kill finds frames in work and in the middleware's shared memory
            client.publisher(Image, TOPIC).publish(image(picture(480, 640, seed)))
        assert node.stop(signal.SIGKILL) == -signal.SIGKILL
        node, client = respawned()
        next_outputs(client)
        node.wait_for_log("reference frame loaded from")
    assert node.stop(signal.SIGINT) == 0
