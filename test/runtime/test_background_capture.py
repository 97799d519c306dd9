"""Collecting a reference by a hand-driven clock: no ROS."""

import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.runtime.background_capture import MOST_FRAMES, Captures


@pytest.fixture
def time():
    return [100.0]


@pytest.fixture
def captures(time):
    return Captures(lambda: time[0])


def frame(value, size_hw=(2, 3)):
    return np.full((*size_hw, 3), value, np.uint8)


def test_without_a_time_the_next_frame_completes_it(captures):
    done = captures.start(0.0)
    capture = captures.offer(frame(7))
    assert [f[0, 0, 0] for f in capture.frames] == [7]
    assert capture.done is done and not captures.active
    assert captures.offer(frame(8)) is None


def test_a_median_collects_until_its_time_and_bounds_its_memory(captures, time):
    captures.start(3.0)
    complete = None
    for i in range(400):
        complete = complete or captures.offer(frame(i % 250))
        time[0] += 0.01
    assert 25 <= len(complete.frames) <= MOST_FRAMES


def test_a_camera_that_changes_its_size_starts_the_collection_anew(captures, time):
    captures.start(1.0)
    captures.offer(frame(1))
    time[0] += 1.0
    assert len(captures.offer(frame(2, (4, 6))).frames) == 1


def test_no_frame_in_time_fails_it(captures, time):
    done = captures.start(0.0)
    time[0] += 1.9
    captures.expire()
    assert captures.active
    time[0] += 0.2
    captures.expire()
    assert not captures.active
    with pytest.raises(InputError, match="within 2 s"):
        done.result(0)


def test_a_newer_request_replaces_the_older(captures):
    first = captures.start(5.0)
    second = captures.start(0.0)
    with pytest.raises(InputError, match="newer request"):
        first.result(0)
    captures.offer(frame(1))
    assert not second.done()  # its answer comes from whoever took the frames
