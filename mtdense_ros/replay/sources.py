"""Where frames come from without a camera: a rosbag2, a video, a folder of images, or one image."""

from __future__ import annotations

from pathlib import Path

from mtdense_ros.errors import ConfigError, InputError
from mtdense_ros.replay.bag_source import BagSource
from mtdense_ros.replay.image_sources import IMAGE_SUFFIXES, FolderSource, VideoSource
from mtdense_ros.replay.source import Source

BAG_SUFFIXES = (".mcap", ".db3")


def open_source(path: Path, image_topic: str = "") -> Source:
    """The frames at a path; the kind follows from what lies there.

    A folder with a metadata.yaml, an .mcap or a .db3 is a rosbag2, another folder or a picture file is images in the order of
    their names, any other file is a video. image_topic: of a bag with several cameras. Raises InputError and ConfigError.
    """
    path = path.expanduser()
    if not path.exists():
        raise InputError(f"replay: {path.absolute()} does not exist; give a rosbag2, a video, a folder of images or an image")
    if path.suffix == ".bag":
        raise InputError(f"replay: {path} is a ROS 1 bag; convert it first: rosbags-convert --src {path} --dst {path.stem}")
    if _is_bag(path):
        return BagSource(path, image_topic)
    if image_topic:
        raise ConfigError(f"replay: --image-topic {image_topic} was given, but {path} is not a rosbag2; leave it out")
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        return FolderSource(path)
    return VideoSource(path)


def _is_bag(path: Path) -> bool:
    if path.is_file():
        return path.suffix in BAG_SUFFIXES
    return (path / "metadata.yaml").is_file() or any(p.suffix in BAG_SUFFIXES for p in path.iterdir())
