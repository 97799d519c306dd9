"""A text in a PNG: read back by Pillow where it is installed, and by a decoder that does not know it."""

import io

import cv2
import numpy as np
import pytest

from mtdense_ros.imaging.png_text import text_of, with_text


@pytest.fixture
def png():
    return cv2.imencode(".png", np.arange(36, dtype=np.uint8).reshape(3, 4, 3))[1].tobytes()


def test_the_text_comes_back_and_the_picture_stays(png):
    assert text_of(png, "facts") is None
    longer = with_text(with_text(png, "other", "no"), "facts", '{"a": 1}')
    assert (text_of(longer, "facts"), text_of(longer, "other"), text_of(longer, "third")) == ('{"a": 1}', "no", None)
    assert np.array_equal(cv2.imdecode(np.frombuffer(longer, np.uint8), cv2.IMREAD_UNCHANGED).reshape(-1), np.arange(36))


def test_others_can_read_it(png):
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    longer = with_text(png, "facts", "text")
    image.open(io.BytesIO(longer)).verify()  # the checksums of all chunks
    assert image.open(io.BytesIO(longer)).text == {"facts": "text"}


@pytest.mark.parametrize("size", range(0, 90, 7))
def test_a_file_that_was_cut_short_has_no_text_or_the_right_one(png, size):
    assert text_of(with_text(png, "facts", "text")[:size], "facts") in (None, "text")


def test_a_damaged_text_is_none(png):
    assert text_of(with_text(png, "facts", "text").replace(b"text", b"tent"), "facts") is None
