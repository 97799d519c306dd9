"""What the processes beside the node have in common: which inputs they know, how they talk to their parent, how they end."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from mtdense_ros.errors import MtdenseError

INPUT_TYPES = {
    "sensor_msgs/msg/Image": Image,
    "sensor_msgs/msg/CompressedImage": CompressedImage,
    "sensor_msgs/msg/CameraInfo": CameraInfo,
}


def tell(**event: object) -> None:
    """One line of JSON on the standard output, for the process that started this one."""
    sys.stdout.write(json.dumps(event) + "\n")
    sys.stdout.flush()


def run_node(name: str, body: Callable[[Node], None]) -> int:
    """Runs `body` with a node of this name; the exit code: 0, 1 after an error (told on stderr), 130 after an interrupt."""
    rclpy.init(args=[])
    node = rclpy.create_node(name, start_parameter_services=False, enable_rosout=False)
    try:
        body(node)
    except (KeyboardInterrupt, ExternalShutdownException, BrokenPipeError):
        return 130
    except (MtdenseError, OSError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the second one of a Ctrl-C in a terminal
        node.destroy_node()
        rclpy.try_shutdown()
    return 0
