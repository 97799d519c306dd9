"""What happens to the mask's reference when the camera moves, the light changes, or something stays."""

import cv2
import numpy as np
import pytest

from mtdense_ros.datatypes import Intrinsics
from mtdense_ros.geometry.camera_model import CameraModel, rectify
from mtdense_ros.pipeline.background import Background
from mtdense_ros.pipeline.background_care import BackgroundCare, CareSettings
from mtdense_ros.pipeline.camera_watch import WatchSettings
from mtdense_ros.registration.compensation import compensated
from mtdense_ros.registration.photometric import LightChange
from mtdense_ros.registration.rigid_motion import RigidMotion

HEIGHT, WIDTH = 240, 320
PERIOD = 0.2


class Scene:
    """A camera without noise at 5 Hz, its background, and what takes care of that. `encoded` counts."""

    def __init__(self, view, **settings):
        self.encodings = []
        self.background = Background(lambda rgb: self.encodings.append(rgb) or len(self.encodings))
        self.care, self.settings = BackgroundCare(self.background), CareSettings(**settings)
        self.random, self.now, self.frames = np.random.default_rng(0), 10.0, 0
        self.background.capture(view)

    def shows(self, rgb, seconds=1.0):
        """The last report after this many seconds of a view."""
        for _ in range(round(seconds / PERIOD)):
            self.now += PERIOD
            self.frames += 1
            noise = self.random.normal(0, 1.5, rgb.shape)
            report = self.care.observe(np.clip(rgb + noise, 0, 255).astype(np.uint8), self.frames, self.now, self.settings)
        return report

    @property
    def mask(self):
        """Whether there would be a mask."""
        return not self.background.mismatch((HEIGHT, WIDTH))


def shifted(rgb, x, y=0):
    return cv2.warpAffine(rgb, np.float64([[1, 0, x], [0, 1, y]]), rgb.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


@pytest.fixture(scope="module")
def view(picture):
    return picture(3, HEIGHT, WIDTH)


def test_a_quiet_scene_costs_one_encoding(view):
    scene = Scene(view, absorb_after=2.0)
    assert scene.shows(view, 10.0).faults == {}
    assert scene.mask and len(scene.encodings) == 1


def test_suspend_is_the_default_and_ends_with_its_cause(view):
    scene = Scene(view)
    report = scene.shows(shifted(view, 8))
    assert list(report.faults) == ["camera moved"] and "no mask" in report.faults["camera moved"]
    assert not scene.mask and "camera moved" in scene.background.mismatch((HEIGHT, WIDTH))
    assert scene.shows(view).faults == {} and scene.mask


def test_report_leaves_the_mask(view):
    scene = Scene(view, on_motion="report")
    assert "camera moved" in scene.shows(shifted(view, 8)).faults
    assert scene.mask and len(scene.encodings) == 1


def test_a_new_background_ends_the_suspension(view):
    scene = Scene(view)
    scene.shows(shifted(view, 30))
    scene.background.capture(shifted(view, 30))
    assert scene.mask
    assert scene.shows(shifted(view, 30)).faults == {}


@pytest.mark.parametrize("motion", [(7, 0), (-5, 8)], ids=str)
def test_compensate_follows_a_small_motion_and_comes_back(view, motion):
    scene = Scene(view, on_motion="compensate")
    moved = shifted(view, *motion)
    assert "compensated" in scene.shows(moved).faults["camera moved"]
    assert scene.mask and len(scene.encodings) == 2
    middle = slice(20, -20), slice(20, -20)
    difference = np.abs(scene.background.rgb[middle].astype(int) - moved[middle])
    unmoved = np.abs(view[middle].astype(int) - moved[middle])
    assert difference.mean() < 0.35 * unmoved.mean()
    assert scene.shows(moved, 5.0).faults and len(scene.encodings) == 2, "it is made once"
    assert scene.shows(view).faults == {}
    assert scene.mask and np.array_equal(scene.background.rgb, view)


def test_a_motion_that_is_too_large_is_not_compensated(view):
    scene = Scene(view, on_motion="compensate")
    assert "more than 12 px" in scene.shows(shifted(view, 16)).faults["camera moved"]
    assert not scene.mask and len(scene.encodings) == 1


def test_there_is_no_mask_while_a_camera_goes_on_moving(view):
    scene = Scene(view, on_motion="compensate")
    for x in np.arange(4.0, 11.0, 1.0):
        scene.shows(shifted(view, x), PERIOD)
    assert "it goes on" in scene.shows(shifted(view, 11), PERIOD).faults["camera moved"] and not scene.mask
    assert "compensated" in scene.shows(shifted(view, 11)).faults["camera moved"] and scene.mask


def test_light_is_reported_and_can_be_compensated(view):
    dim = (view * 0.3).astype(np.uint8)
    scene = Scene(view)
    assert "may be wrong" in scene.shows(dim).faults["light changed"]
    assert scene.mask and len(scene.encodings) == 1
    scene.settings = CareSettings(on_light="compensate")
    assert "compensated" in scene.shows(dim).faults["light changed"]
    assert np.abs(scene.background.rgb.astype(int) - dim).mean() < 3
    assert scene.shows(view).faults == {} and np.array_equal(scene.background.rgb, view)


def test_motion_and_light_are_compensated_together(view):
    scene = Scene(view, on_motion="compensate", on_light="compensate")
    seen = (shifted(view, 8) * 0.3).astype(np.uint8)
    assert set(scene.shows(seen, 2.0).faults) == {"camera moved", "light changed"}
    assert scene.mask and np.abs(scene.background.rgb[:, 20:].astype(int) - seen[:, 20:]).mean() < 4


def test_light_that_leaves_nothing_to_see_is_too_much(view):
    scene = Scene(view, on_light="compensate")
    assert "too much" in scene.shows(np.clip(view.astype(int) * 8, 0, 255).astype(np.uint8)).faults["light changed"]


@pytest.mark.parametrize(("answer", "fault"), [("on_motion", "camera moved"), ("on_light", "light changed")])
def test_recapture_waits_until_nothing_moves(view, picture, answer, fault):
    scene = Scene(view, recapture_after=3.0, **{answer: "recapture"})
    seen = shifted(view, 20) if fault == "camera moved" else (view * 0.3).astype(np.uint8)
    for x in range(0, 200, 20):
        passing = seen.copy()
        passing[50:150, x : x + 50] = picture(9, 100, 50)
        report = scene.shows(passing, 0.4)
        assert not report.recapture
    assert fault in report.faults and scene.mask == (fault == "light changed")
    assert not scene.shows(seen, 2.4).recapture
    assert scene.shows(seen, 1.2).recapture


def test_without_a_wish_nothing_is_recaptured(view):
    assert not Scene(view, recapture_after=1.0).shows(shifted(view, 20), 8.0).recapture


def test_no_mask_and_no_recapture_while_the_camera_is_covered(view):
    scene = Scene(view, on_motion="recapture", on_light="recapture", recapture_after=1.0)
    report = scene.shows(np.zeros_like(view), 5.0)
    assert list(report.faults) == ["camera blocked"] and not report.recapture and not scene.mask
    assert scene.shows(view).faults == {} and scene.mask


def test_what_stays_put_is_absorbed_and_what_moves_is_not(view, picture):
    scene, thing = Scene(view, absorb_after=4.0), 255 - view[100:180, 200:280]
    assert scene.shows(view, 2.0).faults == {}
    with_thing = view.copy()
    with_thing[100:180, 200:280] = thing
    for seconds in range(8):
        seen = with_thing.copy()
        seen[60:220, 20 + 12 * seconds : 60 + 12 * seconds] = picture(9, 160, 40)
        scene.shows(seen, 1.0)
        absorbed = np.abs(scene.background.raw[110:170, 210:270].astype(int) - thing[10:70, 10:70]).mean() < 5
        assert absorbed == (seconds >= 4) or seconds == 4
    untouched = slice(None), slice(0, 190)
    assert np.abs(scene.background.raw[untouched].astype(int) - view[untouched]).mean() < 0.5
    assert scene.mask and len(scene.encodings) <= 3


def test_nothing_is_absorbed_by_default_nor_while_the_camera_is_moved(view):
    with_thing = view.copy()
    with_thing[100:180, 200:280] = 0
    for settings, seen in (({}, with_thing), ({"absorb_after": 1.0, "on_motion": "report"}, shifted(view, 8))):
        scene = Scene(view, **settings)
        scene.shows(seen, 6.0)
        assert np.array_equal(scene.background.raw, view)


def test_a_watch_that_is_switched_off_leaves_the_mask_alone(view):
    scene = Scene(view)
    scene.shows(shifted(view, 8))
    scene.settings = CareSettings(watch=WatchSettings(rate_hz=0.0))
    assert scene.shows(shifted(view, 8)) is None and scene.mask


def test_values_for_diagnostics(view):
    scene = Scene(view)
    assert scene.care.values() == {}
    scene.shows(shifted(view, 2))
    values = scene.care.values()
    assert float(values["background moved by (px)"]) == pytest.approx(2, abs=0.5)
    assert float(values["background brightness"]) == pytest.approx(1, abs=0.05)
    plain = Scene(np.full_like(view, 90))
    plain.shows(np.full_like(view, 90))
    assert "too little texture" in plain.care.values()["background seen again"]


def test_a_compensated_reference_by_hand(picture):
    reference, frame = picture(1, 60, 80), picture(2, 60, 80)
    made = compensated(reference, frame, RigidMotion(3.0, -2.0), LightChange(gain=(0.5, 1.0, 1.0), offset=(0.0, 10.0, 0.0)))
    expected = np.rint(reference[2:, :-3] * [0.5, 1, 1] + [0, 10, 0]).clip(0, 255)
    np.testing.assert_allclose(made[:-2, 3:], expected, atol=1)
    assert np.array_equal(made[:, :3], frame[:, :3]) and np.array_equal(made[-2:], frame[-2:])


def test_a_turned_reference_lands_where_the_motion_says(picture):
    reference = picture(1, 60, 80)
    motion = RigidMotion(1.0, 2.0, 0.1)
    made = compensated(reference, np.zeros_like(reference), motion, LightChange())
    spot = np.array([[8.0, -5.0]])  # from the middle
    x, y = (spot + motion.at(spot))[0] + [39.5, 29.5]
    before = cv2.getRectSubPix(reference, (1, 1), (8 + 39.5, -5 + 29.5))[0, 0].astype(int)
    assert np.abs(cv2.getRectSubPix(made, (1, 1), (x, y))[0, 0].astype(int) - before).max() < 12


BENT = CameraModel(Intrinsics(WIDTH, HEIGHT, 250.0, 250.0, 159.5, 119.5), "plumb_bob", (-0.3, 0.1, 0.0, 0.0, 0.0))


def test_the_raw_reference_is_rectified_and_encoded_anew_when_the_camera_model_changes(view):
    scene = Scene(view)
    scene.background.adapt(BENT)
    assert scene.background.mismatch((HEIGHT, WIDTH), rectified=True) == ""
    assert np.array_equal(scene.background.rgb, rectify(view, BENT)) and np.array_equal(scene.background.raw, view)
    scene.background.adapt(BENT)
    assert len(scene.encodings) == 2, "once"
    scene.background.capture(shifted(view, 3))
    assert np.array_equal(scene.background.rgb, rectify(shifted(view, 3), BENT)) and len(scene.encodings) == 3
    scene.background.adapt(None)
    assert scene.background.mismatch((HEIGHT, WIDTH)) == "" and np.array_equal(scene.background.rgb, shifted(view, 3))


def test_raw_frames_are_watched_whatever_is_compared(view):
    """In the mode rectify, too, the watch sees raw frames, and compensates the raw reference."""
    scene = Scene(view, on_motion="compensate")
    scene.background.adapt(BENT)
    assert scene.shows(view).faults == {}
    assert "compensated" in scene.shows(shifted(view, 8)).faults["camera moved"]
    expected = rectify(shifted(view, 8), BENT)[30:-30, 40:-40]
    assert np.abs(scene.background.rgb[30:-30, 40:-40].astype(int) - expected).mean() < 3


def test_a_model_of_another_size_leaves_the_reference_raw(view):
    scene = Scene(view)
    scene.background.adapt(CameraModel(Intrinsics(WIDTH // 2, HEIGHT // 2, 125.0, 125.0, 79.5, 59.5), "plumb_bob", BENT.d))
    assert "not rectified" in scene.background.mismatch((HEIGHT, WIDTH), rectified=True)


def test_a_rectified_reference_without_its_raw_picture_stays_what_it_is(view, tmp_path):
    scene = Scene(view)
    scene.background.capture(view, rectified=True)
    scene.background.adapt(BENT)
    scene.background.adapt(None)
    assert scene.background.mismatch((HEIGHT, WIDTH)) and not scene.background.mismatch((HEIGHT, WIDTH), rectified=True)
    assert scene.shows(shifted(view, 20), 4.0).faults == {}, "raw frames cannot be compared with it"


def test_a_saved_reference_is_raw_and_fits_every_camera_model(view, tmp_path):
    scene = Scene(view)
    scene.background.adapt(BENT)
    scene.background.save(tmp_path / "b.png")
    other = Background(lambda rgb: "another network's")
    other.load(tmp_path / "b.png")
    assert np.array_equal(other.raw, view) and other.encoded == "another network's"
    other.adapt(BENT)
    assert np.array_equal(other.rgb, rectify(view, BENT))


def test_what_is_kept_for_the_next_session(view):
    scene = Scene(view)
    other = Background(lambda rgb: "encoded")
    other.restore(scene.background.reference)
    assert np.array_equal(other.rgb, view)
    scene.background.clear()
    assert scene.background.reference is None


def test_an_encoder_that_fails_changes_nothing(view):
    scene = Scene(view)
    scene.background.encode_with(lambda rgb: 1 / 0, (scene.background.rgb, "encoded"))
    for change in (lambda b: b.adapt(BENT), lambda b: b.adjust(shifted(view, 2)), lambda b: b.revise(shifted(view, 2))):
        with pytest.raises(ZeroDivisionError):
            change(scene.background)
        assert scene.background.encoded == "encoded" and np.array_equal(scene.background.rgb, view)
        assert np.array_equal(scene.background.raw, view) and not scene.background.rectified
