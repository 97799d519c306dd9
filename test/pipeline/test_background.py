"""The reference frame: capture, median, files, and that failures leave the old one."""

import json

import cv2
import numpy as np
import pytest

from mtdense_ros.errors import InputError
from mtdense_ros.imaging.png_text import text_of, with_text
from mtdense_ros.pipeline.background import Background


@pytest.fixture
def encodings():
    """Every picture that was encoded."""
    return []


@pytest.fixture
def background(encodings):
    def encode(rgb):
        encodings.append(rgb)
        return len(encodings)

    return Background(encode)


def plain(*values, size=(2, 3)):
    return [np.full((*size, 3), value, np.uint8) for value in values]


def test_another_encoder_that_fails_leaves_the_old_one(background, encodings):
    background.capture(plain(1)[0])
    with pytest.raises(ZeroDivisionError):
        background.encode_with(lambda rgb: 1 / 0)
    assert background.encoded == 1
    background.capture(plain(2)[0])
    assert background.encoded == 2


def test_capture_encodes_once(background, encodings, picture):
    rgb = picture(1, 48, 64)
    assert not background.is_set
    background.capture(rgb, "camera", 7)
    assert background.is_set
    assert (background.encoded, background.frame_id, background.stamp_ns, len(encodings)) == (1, "camera", 7, 1)
    original = rgb.copy()
    rgb[:] = 0
    assert np.array_equal(background.rgb, original), "a copy, for drivers reuse their buffers"


def test_median_removes_what_passes(background):
    frames = plain(100, 100, 100, 100, 100)
    for i, rgb in enumerate(frames[:2]):
        rgb[i] = 255
    background.capture_median(frames)
    assert (background.rgb == 100).all()
    background.capture_median(plain(10, 30, 20, 40))
    assert (background.rgb == 30).all()


def test_median_of_one(background):
    background.capture_median(plain(9))
    assert (background.rgb == 9).all()


def test_clear(background):
    background.capture(plain(1)[0], "camera", 5)
    background.clear()
    assert (background.is_set, background.rgb, background.encoded, background.frame_id, background.stamp_ns) == (False, None, None, "", 0)


def test_mismatch(background):
    assert "no background" in background.mismatch((2, 3))
    background.capture(plain(1)[0])
    assert background.mismatch((2, 3)) == ""
    assert background.mismatch((480, 640)) == "the background is 3x2, the image 640x480; capture a new reference frame"
    assert "the background is not rectified, the image rectified; capture a new" in background.mismatch((2, 3), rectified=True)


def test_a_saved_reference_remembers_that_it_was_rectified(background, tmp_path):
    background.capture(plain(1)[0], rectified=True)
    background.save(tmp_path / "reference.png")
    background.clear()
    background.load(tmp_path / "reference.png")
    assert background.mismatch((2, 3), rectified=True) == ""
    in_two_files(tmp_path / "reference.png")  # as version 0.1.0 wrote it
    background.load(tmp_path / "reference.png")
    assert background.mismatch((2, 3)) == ""


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "no frames to take the median of"),
        (plain(1) + plain(1, size=(4, 3)), "frames of 3x2 and 3x4 have no median"),
        ([np.zeros((2, 3), np.uint8)], "expected an RGB array"),
    ],
)
def test_bad_frames_leave_the_old_reference(background, frames, message):
    background.capture(plain(7)[0])
    with pytest.raises(InputError, match=message):
        background.capture_median(frames)
    assert (background.rgb == 7).all()


def test_files(background, encodings, tmp_path, picture):
    rgb = picture(3, 49, 63)
    background.capture(rgb, "camera_optical_frame", 12_345_678_901)
    background.save(tmp_path / "sub" / "b.png")
    assert [p.name for p in (tmp_path / "sub").iterdir()] == ["b.png"]
    for old_form in (False, True):
        if old_form:
            in_two_files(tmp_path / "sub" / "b.png")
        again = Background(lambda rgb: "encoded")
        assert again.load(tmp_path / "sub" / "b.png") == ""
        assert np.array_equal(again.rgb, rgb)
        assert (again.encoded, again.frame_id, again.stamp_ns) == ("encoded", "camera_optical_frame", 12_345_678_901)


def test_a_png_from_elsewhere_is_taken_and_its_camera_is_unknown(background, tmp_path, picture):
    rgb = picture(3, 48, 64)
    cv2.imwrite(str(tmp_path / "b.png"), rgb[..., ::-1])
    assert "camera is unknown" in background.load(tmp_path / "b.png")
    assert np.array_equal(background.rgb, rgb) and (background.frame_id, background.stamp_ns) == ("", 0)


def in_two_files(png):
    """The two files in which version 0.1.0 kept a reference."""
    content = png.read_bytes()
    facts = json.loads(text_of(content, "mtdense_ros"))
    del facts["rectified"]
    png.with_suffix(".json").write_text(json.dumps(facts))
    cv2.imwrite(str(png), cv2.imread(str(png)))
    assert text_of(png.read_bytes(), "mtdense_ros") is None


def test_nothing_to_save(background, tmp_path):
    with pytest.raises(InputError, match="there is none to save"):
        background.save(tmp_path / "b.png")


def test_unwritable(background, tmp_path):
    background.capture(plain(1)[0])
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be saved to .*choose a folder that is writable"):
        background.save(tmp_path / "file" / "b.png")


@pytest.mark.parametrize("method", ["save", "load"])
def test_only_png(background, method, tmp_path):
    background.capture(plain(1)[0])
    with pytest.raises(InputError, match="is no .png file"):
        getattr(background, method)(tmp_path / "b.jpg")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda png: png.unlink(), "cannot be read"),
        (lambda png: (in_two_files(png), png.with_suffix(".json").write_text("{")), "cannot be read"),
        (lambda png: (in_two_files(png), png.with_suffix(".json").write_text("[]")), "must hold format, width"),
        (lambda png: png.write_bytes(png.read_bytes()[:60]), "image"),
        (lambda png: change(png, width=4), "says 4x2, the picture is 3x2"),
        (lambda png: change(png, format=2), "format 2 is not 1"),
    ],
)
def test_damaged_files_leave_the_old_reference(background, tmp_path, damage, message):
    background.capture(plain(5)[0])
    background.save(tmp_path / "b.png")
    background.capture(plain(7)[0])
    damage(tmp_path / "b.png")
    with pytest.raises(InputError, match=message):
        background.load(tmp_path / "b.png")
    assert (background.rgb == 7).all()


def change(png, **facts):
    content = png.read_bytes()
    text = text_of(content, "mtdense_ros")
    plain = cv2.imencode(".png", cv2.imread(str(png)))[1].tobytes()
    png.write_bytes(with_text(plain, "mtdense_ros", json.dumps({**json.loads(text), **facts})))
