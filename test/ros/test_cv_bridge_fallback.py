"""Encodings beyond the contract's list, by stand-ins for cv_bridge: one that works, one that fails, one that kills its process."""

import os
import subprocess
import sys

import pytest
from harness import ROOT

WORKS = """
import numpy as np
class CvBridge:
    def imgmsg_to_cv2(self, message, encoding):
        if message.encoding == "nonsense":
            raise RuntimeError("[nonsense] is not a color format")
        return np.full((message.height, message.width, 3), 77, np.uint8)
"""
KILLS = "import os\nos.abort()\n"
PROGRAM = """
import sys
from array import array
from sensor_msgs.msg import Image
from mtdense_ros.imaging.encodings import UnknownEncoding
from mtdense_ros.ros.messages import rgb_of
try:
    rgb = rgb_of(Image(height=2, width=3, step=12, encoding=sys.argv[1], data=array("B", bytes(24))))
    print(rgb.shape, rgb.max())
except UnknownEncoding as error:
    print("refused:", error)
"""


@pytest.fixture
def convert(tmp_path):
    """convert(encoding, cv_bridge): what a process with that cv_bridge prints."""

    def run(encoding, cv_bridge):
        (tmp_path / "cv_bridge.py").write_text(cv_bridge)
        command = [sys.executable, "-c", PROGRAM, encoding]
        environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
        result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def test_what_cv_bridge_knows_is_converted(convert):
    assert convert("32SC1", WORKS).strip() == "(2, 3, 3) 77"


def test_what_nobody_knows_is_refused_with_both_reasons(convert):
    answer = convert("nonsense", WORKS)
    assert answer.startswith("refused:") and "'nonsense'" in answer and "not a color format" in answer


def test_a_cv_bridge_that_would_kill_the_process_is_not_loaded(convert):
    answer = convert("32SC1", KILLS)
    assert answer.startswith("refused:") and "does not work with numpy" in answer
