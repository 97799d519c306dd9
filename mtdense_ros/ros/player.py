"""Plays serialised images into a running node, at a rate or in step with it: `python -m mtdense_ros.ros.player < records`.

What it does is written to its standard output, one JSON object per line.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import rclpy
from lifecycle_msgs.srv import GetState
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosidl_runtime_py.utilities import get_message
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from mtdense_ros.errors import InputError, MtdenseError
from mtdense_ros.wire import Record, read_records, stamp_ns, with_stamp

START_S = 120.0
CAPTURE_S = 15.0
ANSWER_S = 5.0
SETTLE_S = 0.5
