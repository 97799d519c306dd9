"""A camera driver of its own process with the middleware's default transport: COUNT frames of 640x480 rgb8 at 10 Hz on TOPIC."""

import sys
import time

import rclpy
from camera_messages import image, picture
from sensor_msgs.msg import Image


def main(topic: str, count: int) -> None:
    rclpy.init()
    node = rclpy.create_node("camera")
    publisher = node.create_publisher(Image, topic, 10)
    end = time.monotonic() + 30.0
    while publisher.get_subscription_count() == 0 and time.monotonic() < end:
        time.sleep(0.05)
    rgb = picture(480, 640)
    for i in range(count):
        due = time.monotonic() + 0.1
        publisher.publish(image(rgb))
        print(i, flush=True)
        time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(1.0)  # reliable delivery of the last one needs its writer
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
