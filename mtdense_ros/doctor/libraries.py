"""Libraries: each is imported by another Python, because a broken one may end the process that imports it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtdense_ros.doctor.probe import FAIL, OK, SKIP, WARN, Answer, Finding, ask

IMPORT_S = 60.0
"""For torch from a cold disk."""

MIDDLEWARE_S = 30.0
NVIDIA = (Path("/proc/driver/nvidia/version"), Path("/etc/nv_tegra_release"))
"""Signs of a driver: of a card's, and of a Jetson's, which has not the other file."""

_SAY = "import json; print(json.dumps({}))"
_NUMPY = "import numpy; facts = {'numpy': numpy.__version__}"
_OPENCV = "import cv2; facts = {'opencv': cv2.__version__}"
_TORCH = """
import torch
facts = {"torch": torch.__version__, "cuda": torch.version.cuda, "available": torch.cuda.is_available()}
if facts["available"]:
    properties = torch.cuda.get_device_properties(0)
    facts |= {"device": properties.name, "gib": properties.total_memory / 2**30, "count": torch.cuda.device_count()}
    try:
        found = float((torch.ones(8, 8, device="cuda") @ torch.ones(8, 8, device="cuda")).sum())
        facts["problem"] = "" if found == 512.0 else "computes wrong results"
    except RuntimeError as error:
        facts["problem"] = "cannot compute (" + str(error).strip().splitlines()[0] + ")"
"""
_MIDDLEWARE = "import rclpy, sensor_msgs.msg; facts = {'rmw': rclpy.get_rmw_implementation_identifier()}"
_CV_BRIDGE = """
import importlib.util, numpy
facts = {"installed": importlib.util.find_spec("cv_bridge") is not None, "numpy": numpy.__version__}
"""
_CV_BRIDGE_WORKS = """
from array import array
from cv_bridge import CvBridge
from sensor_msgs.msg import Image
CvBridge().imgmsg_to_cv2(Image(height=1, width=1, encoding="mono8", step=1, data=array("B", [0])), "rgb8")
facts = {}
"""
_LABEL_INFO = "from vision_msgs.msg import LabelInfo; facts = {}"


def answer_of(code: str, seconds: float = IMPORT_S) -> Answer:
    """The `facts` that a piece of code leaves."""
    return ask(["-c", f"{code}\n{_SAY.format('facts')}"], seconds)


def python() -> list[Finding]:
    """This interpreter."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return [Finding(OK, "Python", f"{version}, {sys.executable}")]


def numpy() -> list[Finding]:
    """Whether numpy can be imported."""
    answer = answer_of(_NUMPY)
    if answer.problem:
        return [Finding(FAIL, "numpy", answer.problem, "run scripts/setup, or pip install -r scripts/requirements/core.txt")]
    return [Finding(OK, "numpy", str(answer.facts["numpy"]))]


def opencv() -> list[Finding]:
    """Whether OpenCV can be imported and is of the version that the package knows."""
    answer = answer_of(_OPENCV)
    if answer.problem:
        remedy = "pip install 'opencv-python-headless>=4.8,<5', or sudo apt install python3-opencv"
        return [Finding(FAIL, "OpenCV", answer.problem, remedy)]
    version = str(answer.facts["opencv"])
    if int(version.partition(".")[0]) != 4:
        return [Finding(WARN, "OpenCV", f"{version}; tested with 4", "pip install 'opencv-python-headless>=4.8,<5'")]
    return [Finding(OK, "OpenCV", version)]


def gpu(drivers: Sequence[Path] = NVIDIA) -> list[Finding]:
    """Whether torch works, and sees the GPU that the machine has."""
    answer = answer_of(_TORCH)
    if answer.problem:
        return [Finding(FAIL, "torch", answer.problem, "run scripts/setup; under ROS colcon must run from the environment that has torch")]
    return [_gpu_of(answer.facts, any(driver.exists() for driver in drivers))]


def _gpu_of(facts: Mapping[str, Any], has_driver: bool) -> Finding:
    version = f"torch {facts['torch']}"
    if facts["available"]:
        text = f"{version}, CUDA {facts['cuda']}, {facts['count']} x {facts['device']}, {facts['gib']:.0f} GiB"
        if not facts["problem"]:
            return Finding(OK, "GPU", text)
        remedy = "install a torch that was built for this device, update the driver, or set device: cpu"
        return Finding(FAIL, "GPU", f"{text}: {facts['problem']}", remedy)
    if not has_driver:
        return Finding(OK, "GPU", f"{version}, no NVIDIA driver here: the network runs on the CPU")
    if facts["cuda"] is None:
        remedy = "install a CUDA build (https://pytorch.org/get-started), or leave device: cpu"
        return Finding(WARN, "GPU", f"{version} is built for CPUs only, the machine has an NVIDIA driver", remedy)
    remedy = "update the driver to one for that CUDA; start a container with --gpus all (on a Jetson --runtime nvidia)"
    return Finding(FAIL, "GPU", f"{version} for CUDA {facts['cuda']} sees no device, the machine has an NVIDIA driver", remedy)


def middleware() -> Answer:
    """{"rmw": identifier} of the middleware that this environment's ROS 2 uses; problem: why there is none."""
    return answer_of(_MIDDLEWARE, MIDDLEWARE_S)


def cv_bridge() -> list[Finding]:
    """Whether cv_bridge, needed for rare encodings only, fits this numpy: a build for numpy 1 ends the process under numpy 2."""
    name = "cv_bridge"
    found = answer_of(_CV_BRIDGE)
    if found.problem:
        return [Finding(SKIP, name, found.problem)]
    if not found.facts["installed"]:
        return [Finding(OK, name, "not installed, and needed for encodings beyond the README's list only")]
    answer = answer_of(_CV_BRIDGE_WORKS)
    version = found.facts["numpy"]
    if answer.problem:
        text = f"does not work with numpy {version} ({answer.problem}); the node goes on without it, other nodes of yours may not"
        remedy = "pip install 'numpy<2' into the environment that colcon ran from" if version >= "2" else "install it again"
        return [Finding(WARN, name, text, remedy)]
    return [Finding(OK, name, f"works with numpy {version}")]


def label_info(distribution: str) -> list[Finding]:
    """Whether ~/label_info can be published."""
    answer = answer_of(_LABEL_INFO)
    if answer.problem:
        text = f"{answer.problem}: no ~/label_info (its content is in ~/legend too)"
        remedy = f"sudo apt install ros-{distribution}-vision-msgs" if distribution else "it comes with a ROS 2 installation"
        return [Finding(WARN, "vision_msgs", text, remedy)]
    return [Finding(OK, "vision_msgs", "LabelInfo is there")]
