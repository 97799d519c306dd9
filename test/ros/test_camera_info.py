"""The cache of the newest camera_info."""

import threading
import time

import pytest
from camera_messages import camera_info

from mtdense_ros.ros.camera_info import CameraCache
from mtdense_ros.runtime.faults import Faults


@pytest.fixture
def cache(monkeypatch):
    monkeypatch.setattr("mtdense_ros.ros.camera_info.FIRST_INFO_S", 5.0)
    return CameraCache(Faults(lambda *_: None), "/camera/camera_info", lambda _: None)


def later(call, *given):
    threading.Timer(0.1, call, given).start()


def test_the_first_frame_waits_for_the_first_camera_info(cache):
    assert not cache.known
    later(cache.update, camera_info(48, 64))
    cache.require(wait=True)
    assert cache.known
    assert cache.view((48, 64), "camera_optical_frame", False, "rays").model.intrinsics.width == 64


def test_after_a_time_of_silence_the_first_frame_waits_for_a_newer_one(cache):
    cache.update(camera_info(48, 64))
    cache.require(wait=True)
    cache.distrust()
    later(cache.update, camera_info(96, 128))
    cache.require(wait=True)
    assert cache.view((96, 128), "camera_optical_frame", False, "rays").model.intrinsics.width == 128


def test_an_old_one_serves_when_no_newer_comes(cache, monkeypatch):
    monkeypatch.setattr("mtdense_ros.ros.camera_info.FIRST_INFO_S", 0.01)
    cache.update(camera_info(48, 64))
    cache.distrust()
    cache.require(wait=True)
    assert cache.view((48, 64), "camera_optical_frame", False, "rays") is not None
    start = time.monotonic()
    monkeypatch.setattr("mtdense_ros.ros.camera_info.FIRST_INFO_S", 5.0)
    cache.require(wait=True)  # waits once only
    assert time.monotonic() - start < 2.0
