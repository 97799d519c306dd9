"""A node whose engine fails as it is told, with its client; `faulty_node.py` is the other side."""

from pathlib import Path

from camera_messages import image, picture
from harness import wait_until
from sensor_msgs.msg import Image

TOPIC = "/camera/image_raw"
PROGRAM = (str(Path(__file__).with_name("faulty_node.py")),)


class FaultyNode:
    """A node whose engine fails as it is told."""

    def __init__(self, start, folder, **parameters):
        self._command = folder / "failure"
        environment = {"MTDENSE_TEST_FAILURE": str(self._command)}
        options = {"engine": "torch", **parameters}
        self.node, self.client = start(options, environment=environment, program=PROGRAM)
        self.client.subscribe("labels", "foreground")
        self.client.exchange(image(picture()), topics=["labels"])

    def fail(self, how):
        """From the next frame on."""
        self._command.write_text(how)

    def recover(self):
        self._command.unlink()

    def send_until(self, condition, what):
        """Frames until the condition holds."""
        publisher = self.client.publisher(Image, TOPIC)

        def holds():
            publisher.publish(image(picture()))
            return condition()

        wait_until(holds, what=what)

    def refuse_one(self):
        """One frame that the engine fails on."""
        refused = int(self.client.values()["refused"])
        self.client.send(image(picture()))
        self.client.wait_for_value("refused", lambda v: int(v) > refused)

    def give_up(self, how):
        """Fails until the node has drawn its conclusion, the end of its state "active"."""
        self.fail(how)
        self.send_until(lambda: self.client.state() == "unconfigured", "the end of the state 'active'")

    def configure(self):
        """By hand, as a person or a lifecycle manager would."""
        assert self.client.transition("configure") and self.client.transition("activate")
        self.client.exchange(image(picture()), topics=["labels"])
