"""What a source of frames offers: pictures for the pipeline, and the same as serialised messages for a node."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from mtdense_ros.datatypes import Frame
from mtdense_ros.geometry.depth import RayTable
from mtdense_ros.replay.messages import CAMERA_INFO, IMAGE, serialise_camera_info, serialise_image
from mtdense_ros.utils.record_stream import Record

FRAME_ID = "camera_optical_frame"


class Source(ABC):
    """One camera's frames, in order; can be iterated over again.

    name: for people. keeps_stamps: the stamps are times of acquisition, which a player should keep. info_topic: "" where the
    camera is unknown. rays: of a camera with lens distortion. image_topic and image_type: under which, and as what, the images of
    `records` go.
    """

    name = ""
    keeps_stamps = False
    rays: RayTable | None = None
    image_topic = "/camera/image_raw"
    image_type = IMAGE
    info_topic = ""

    @abstractmethod
    def frames(self) -> Iterator[Frame]:
        """The frames; raises InputError on one that cannot be read."""

    def records(self) -> Iterator[Record]:
        """The frames as messages, each image after its camera_info; raises InputError as `frames` does."""
        for frame in self.frames():
            if self.info_topic and frame.intrinsics is not None:
                yield Record(self.info_topic, CAMERA_INFO, frame.stamp_ns, serialise_camera_info(frame, frame.intrinsics))
            yield Record(self.image_topic, self.image_type, frame.stamp_ns, serialise_image(frame))
