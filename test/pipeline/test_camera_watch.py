"""The watch over a still camera: what it finds, when, what it leaves alone, and that findings end."""

import cv2
import numpy as np
import pytest

from mtdense_ros.pipeline.blocked_camera import FrozenPictures, covered
from mtdense_ros.pipeline.camera_watch import CameraWatch, Findings, WatchSettings
from mtdense_ros.pipeline.light_limits import LightJudge
from mtdense_ros.pipeline.stillness import Stillness
from mtdense_ros.registration.photometric import LightChange

HEIGHT, WIDTH = 240, 320
PERIOD = 0.2
FAULTS = ("blocked", "moved", "light")


class Camera:
    """A still camera with noise at 5 Hz that a watch looks at."""

    def __init__(self, rgb, settings=None, sigma=3.0):
        self.watch, self.settings, self.sigma = CameraWatch(), settings or WatchSettings(), sigma
        self.random, self.now, self.frames = np.random.default_rng(0), 100.0, 0
        self.watch.set_reference(self.taken(rgb))

    def taken(self, rgb):
        return np.clip(rgb + self.random.normal(0, self.sigma, rgb.shape), 0, 255).astype(np.uint8)

    def shows(self, rgb, seconds=1.0, exact=False) -> Findings:
        """What is found after this many seconds of a view."""
        for _ in range(round(seconds / PERIOD)):
            self.now += PERIOD
            self.frames += 1
            self.watch.observe(rgb if exact else self.taken(rgb), self.frames, self.now, self.settings)
        return self.watch.findings


def held(findings):
    return {name for name in FAULTS if getattr(findings, name)}


def shifted(rgb, x, y=0):
    return cv2.warpAffine(rgb, np.float64([[1, 0, x], [0, 1, y]]), rgb.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.fixture(scope="module")
def view(picture):
    return picture(3, HEIGHT, WIDTH)


@pytest.fixture
def camera(view):
    return Camera(view)


@pytest.mark.parametrize("shift", [8, -8, 20, 60])
def test_a_moved_camera_is_found_within_a_second_and_forgotten_when_it_is_back(camera, view, shift):
    assert held(camera.shows(view)) == set()
    found = camera.shows(shifted(view, shift), 0.6)
    assert held(found) == {"moved"} and f"x {shift:+d}" in found.moved
    assert found.registration.motion.x == pytest.approx(shift, abs=1)
    assert held(camera.shows(view, 0.6)) == set()


def test_a_motion_below_the_limit_is_measured_and_no_fault(camera, view):
    found = camera.shows(shifted(view, 2))
    assert held(found) == set() and found.registration.motion.x == pytest.approx(2, abs=0.5)
    camera.settings = WatchSettings(motion_px=1.0)
    assert held(camera.shows(shifted(view, 2))) == {"moved"}


def test_one_odd_frame_says_nothing(camera, view):
    for odd in (shifted(view, 20), np.zeros_like(view), view // 8):
        camera.shows(view)
        assert held(camera.shows(odd, 0.4)) == set()


def test_another_view_is_a_moved_camera_after_two_seconds(camera, view, picture):
    other = picture(9, HEIGHT, WIDTH)
    assert held(camera.shows(other, 1.8)) == set()
    found = camera.shows(other, 2.0)
    assert held(found) == {"moved"} and "looks elsewhere" in found.moved
    assert held(camera.shows(view)) == set()


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_what_comes_before_the_camera_is_no_fault(camera, view, picture, share):
    other, width = picture(9, HEIGHT, WIDTH), round(share * WIDTH)
    for x in range(0, WIDTH - width, 20):
        frame = view.copy()
        frame[:, x : x + width] = other[:, x : x + width]
        assert held(camera.shows(frame)) == set()


def change(name, view):
    return {
        "gain": lambda: view * 0.3,
        "burnt out": lambda: view * 6.0,
        "one channel": lambda: view * np.array([1.0, 1.0, 0.3]),
        "from one side": lambda: view * np.geomspace(0.15, 1.6, WIDTH)[None, :, None],
    }[name]()


@pytest.mark.parametrize("name", ["gain", "burnt out", "one channel", "from one side"])
def test_light_that_is_too_different(camera, view, name):
    found = camera.shows(np.clip(change(name, view), 0, 255))
    assert held(found) == {"light"}
    assert held(camera.shows(view)) == set()


def test_light_and_motion_are_told_apart_when_they_come_together(camera, view):
    assert held(camera.shows(shifted(view, 10) * 0.3)) == {"moved", "light"}
    assert held(camera.shows(view * 0.3)) == {"light"}
    assert held(camera.shows(view * 0.8)) == set()


@pytest.mark.parametrize(("cover", "said"), [(0, "black"), (16, "black"), (35, "covered"), (120, "covered")])
def test_a_covered_lens(camera, view, cover, said):
    found = camera.shows(np.full_like(view, cover))
    assert held(found) == {"blocked"} and said in found.blocked
    assert held(camera.shows(view)) == set()


def test_a_cover_ends_nothing_that_was_found_before(camera, view):
    camera.shows(shifted(view, 12))
    assert held(camera.shows(np.zeros_like(view))) == {"blocked", "moved"}
    assert held(camera.shows(shifted(view, 12))) == {"moved"}


def test_a_blank_wall_is_no_cover_and_says_why_it_is_not_watched(view):
    wall = np.full_like(view, 150)
    assert covered(wall) == ""
    camera = Camera(wall)
    assert held(camera.shows(wall)) == set()
    assert "too little texture" in camera.watch.blindness


def test_a_frozen_camera_is_one_that_had_noise(camera, view):
    camera.shows(view, 6.0)
    frame = camera.taken(view)
    assert held(camera.shows(frame, 4.0, exact=True)) == set()
    found = camera.shows(frame, 2.0, exact=True)
    assert held(found) == {"blocked"} and "frozen" in found.blocked
    assert held(camera.shows(view)) == set()
    camera.settings = WatchSettings(frozen_after=0.0)
    assert held(camera.shows(frame, 9.0, exact=True)) == set()


def test_a_rendered_scene_that_stands_still_is_not_frozen(view, picture):
    """Without noise: still, then something moves, then still for half a minute."""
    camera = Camera(view, sigma=0.0)
    for x in range(0, 200, 2):
        frame = view.copy()
        frame[60:160, x : x + 60] = picture(9, 100, 60)
        camera.shows(frame, 0.2, exact=True)
    assert held(camera.shows(view, 30.0, exact=True)) == set()


def test_pictures_that_are_sent_twice_say_nothing():
    frozen, random = FrozenPictures(), np.random.default_rng(0)
    for k in range(30):
        frozen.observe(random.integers(0, 255, (48, 64, 3), np.uint8), k, k * 0.2, still=True)
    frame = random.integers(0, 255, (48, 64, 3), np.uint8)
    assert frozen.observe(frame, 100, 100.0, True) == 0 and frozen.observe(frame, 101, 106.0, True) == 6
    assert frozen.observe(frame, 101, 107.0, True) == 0, "the same message again"


def test_checks_are_as_rare_as_asked_for(view):
    watch, settings = CameraWatch(), WatchSettings(rate_hz=2.0)
    assert [watch.observe(view, k, k * 0.1, settings) for k in range(11)] == [k % 5 == 0 for k in range(11)]
    assert not any(CameraWatch().observe(view, k, float(k), WatchSettings(rate_hz=0.0)) for k in range(5))


def test_another_reference_begins_anew(camera, view):
    camera.shows(shifted(view, 12))
    camera.watch.set_reference(shifted(view, 12))
    assert held(camera.watch.findings) == set()
    assert held(camera.shows(shifted(view, 12))) == set()
    camera.watch.set_reference(None)
    assert held(camera.shows(view)) == set() and camera.watch.blindness == "no background"


def test_a_camera_of_another_size_is_not_compared(camera, picture):
    assert held(camera.shows(picture(9, 120, 200), 5.0)) == set()


def test_how_long_nothing_has_moved(view, picture):
    still, small = Stillness(), view[::4, ::4]
    assert [still.observe(small, t) for t in (0.0, 1.0, 2.0)] == [0, 1, 2]
    changed = small.copy()
    changed[:10, :10] = 255 - changed[:10, :10]
    assert [still.observe(changed, t) for t in (3.0, 4.0)] == [0, 1]
    noisy = [np.clip(small + np.random.default_rng(k).normal(0, 2, small.shape), 0, 255).astype(np.uint8) for k in range(3)]
    assert [still.observe(noisy[k], 5.0 + k) for k in range(3)] == [0, 1, 2]
    assert still.observe(noisy[0], 1.0) == 0, "the clock ran back"


def test_a_slow_motion_is_one(view):
    still = Stillness()
    for k in range(20):
        lasted = still.observe(shifted(view, 0.2 * k)[::2, ::2], float(k))
    assert lasted < 8


def test_the_light_comes_back_further_than_it_went():
    judge = LightJudge(np.full((30, 40, 3), 100, np.uint8))
    grey = np.full((30, 40, 3), 100, np.uint8)
    assert judge.beyond(grey, LightChange(stops=-1.4), False) and not judge.beyond(grey, LightChange(stops=-1.2), False)
    assert judge.beyond(grey, LightChange(stops=-1.2), True) and not judge.beyond(grey, LightChange(stops=-1.0), True)
    assert not judge.beyond(grey, None, False)
