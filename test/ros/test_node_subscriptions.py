"""Which subscriptions the node has, and with what reliability, while others come and go."""

import pytest
from camera_messages import camera_info, image, picture, stamp_of
from harness import BEST_EFFORT, RELIABLE, Client, wait_until
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import Image

TOPIC, INFO = "/camera/image_raw", "/camera/camera_info"


@pytest.fixture(autouse=True)
def silence(client):
    """Every test begins with nothing subscriber."""
    yield
    client.unsubscribe()


def asked(client, topic=TOPIC):
    """The reliability of each of the node's subscriptions of a topic."""
    infos = client.node.get_subscriptions_info_by_topic(topic)
    return [info.qos_profile.reliability for info in infos if info.node_name == "mtdense"]


def wait_for(client, *policies, topic=TOPIC):
    wait_until(lambda: asked(client, topic) == list(policies), what=f"{topic} with {policies}")


def test_reliability_is_chosen_again_when_publishers_come_and_go(client):
    client.subscribe("labels")
    client.publisher(Image, TOPIC, RELIABLE)
    wait_for(client, ReliabilityPolicy.RELIABLE)
    other = Client(client.domain)
    other.publisher(Image, TOPIC, BEST_EFFORT)
    wait_for(client, ReliabilityPolicy.BEST_EFFORT)
    for sender, qos in ((client, RELIABLE), (other, BEST_EFFORT)):  # both are heard now
        sent = image(picture())
        sender.send(sent, qos=qos)
        wait_until(lambda sent=sent: client.of_stamp("labels", stamp_of(sent)), what="labels")
    other.close()
    wait_for(client, ReliabilityPolicy.RELIABLE)
    client.exchange(image(picture()))


def test_forced_reliabilities_stay_whatever_is_published(client):
    client.subscribe("labels")
    client.publisher(Image, TOPIC, RELIABLE)
    wait_for(client, ReliabilityPolicy.RELIABLE)
    assert client.set_parameter("reliability", "best_effort")[0]
    wait_for(client, ReliabilityPolicy.BEST_EFFORT)
    client.exchange(image(picture()))
    assert client.set_parameter("reliability", "reliable")[0]
    other = Client(client.domain)
    other.publisher(Image, TOPIC, BEST_EFFORT)
    assert "1 of 2 publishers offer best effort" in client.wait_for_fault("incompatible QoS", TOPIC)
    assert asked(client) == [ReliabilityPolicy.RELIABLE]
    other.close()
    assert client.set_parameter("reliability", "auto")[0]


def test_an_idle_node_hears_neither_images_nor_a_camera_info_that_it_knows(client):
    client.subscribe("labels")
    client.exchange(image(picture()), camera_info())
    client.unsubscribe()
    wait_for(client, topic=TOPIC)
    wait_for(client, topic=INFO)
    client.subscribe("points")
    wait_for(client, ReliabilityPolicy.RELIABLE, topic=INFO)
    client.exchange(image(picture()))  # with the camera_info of before


def test_the_first_output_is_logged_with_its_stages(running, client):
    node, _ = running
    client.subscribe("labels")
    client.exchange(image(picture()))
    node.wait_for_log("first output ")
    (line,) = [line for line in node.log().splitlines() if "first output " in line]
    stages = [part.strip().rpartition(" ")[0] for part in line.removesuffix(" s").partition("began:")[2].split(",")]
    expected = ["imports", "ROS", "until configure", "weights", "engine", "warm-up", "topics", "waiting for a frame", "first frame"]
    assert stages == expected
