"""Frames from picture files and videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mtdense_ros.datatypes import Frame
from mtdense_ros.errors import InputError
from mtdense_ros.imaging.compressed import SIGNATURES, check_header
from mtdense_ros.replay.source import FRAME_ID, Source

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm")

FOLDER_PERIOD_NS = 100_000_000
"""Picture files carry no times: they are taken as ten per second."""

DEFAULT_VIDEO_HZ = 30.0


class FolderSource(Source):
    """The picture files of a folder in the order of their names, or a single one. Raises InputError when there are none."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.files = [path] if path.is_file() else sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        if not self.files:
            raise InputError(
                f"replay: folder {path} holds no image and no rosbag2; put {', '.join(IMAGE_SUFFIXES[:3])} ... files into it, "
                "or name the folder that has them"
            )

    def frames(self) -> Iterator[Frame]:
        """One frame per file, ten per second from 0; raises InputError on a file that is no picture, or of another size."""
        size: tuple[int, ...] = ()
        for index, path in enumerate(self.files):
            rgb = read_picture(path)
            size = size or rgb.shape
            if rgb.shape != size:
                raise InputError(f"replay: {path} has {_size(rgb.shape)} pixels, the first image {_size(size)}; one camera has one size")
            yield Frame(rgb, index * FOLDER_PERIOD_NS, FRAME_ID)


class VideoSource(Source):
    """The pictures of a video file, as OpenCV decodes it. Raises InputError when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._open().release()

    def frames(self) -> Iterator[Frame]:
        """The frames with stamps from 0 on at the video's rate; raises InputError when there is none."""
        video = self._open()
        try:
            rate = video.get(cv2.CAP_PROP_FPS) or DEFAULT_VIDEO_HZ
            index = 0
            while True:
                good, bgr = video.read()
                if not good:
                    break
                yield Frame(_rgb(np.asarray(bgr, np.uint8)), round(index * 1e9 / rate), FRAME_ID)
                index += 1
        finally:
            video.release()
        if index == 0:
            raise InputError(f"replay: no picture could be decoded from {self._path}; convert the video to H.264 or MJPEG")

    def _open(self) -> cv2.VideoCapture:
        video = cv2.VideoCapture(str(self._path))
        if not video.isOpened():
            raise InputError(
                f"replay: {self._path} cannot be opened as a video; give a rosbag2, a video that OpenCV can decode, "
                "a folder of images or an image"
            )
        return video


def read_picture(path: Path) -> NDArray[np.uint8]:
    """A picture file as RGB (H, W, 3) uint8. Raises InputError, naming the file, when it is missing, no picture, or too large."""
    try:
        raw = np.fromfile(path, np.uint8)
    except OSError as error:
        raise InputError(f"image {path}: cannot be read ({error.strerror}); correct the path or its permissions") from error
    if raw[:8].tobytes().startswith(SIGNATURES):
        check_header(raw.tobytes(), f"image {path}", "make the picture smaller")
    try:
        bgr = cv2.imdecode(raw, cv2.IMREAD_COLOR)
    except cv2.error:  # an empty file, or more pixels than OpenCV itself allows
        bgr = None
    if bgr is None:
        raise InputError(f"image {path}: is no picture that OpenCV can decode; convert it to PNG or JPEG")
    return _rgb(np.asarray(bgr, np.uint8))


def _rgb(bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"
