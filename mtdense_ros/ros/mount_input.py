"""The camera's height and tilt from TF, by tf2_ros where that is installed."""

from __future__ import annotations

from typing import Any

from rclpy.node import Node
from rclpy.time import Time

from mtdense_ros.datatypes import CameraMount
from mtdense_ros.errors import InputError
from mtdense_ros.geometry.camera_mount import camera_mount, looks_up


class MountInput:
    """Listens to TF while that is wanted. `update` and `close` are for the executor's thread, `mount` is for the worker's."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tf: Any = None
        self._listener: Any = None
        self._buffer: Any = None
        self._lack = ""

    def update(self, wanted: bool) -> None:
        """Makes or removes the listener."""
        if not wanted:
            self.close()
        elif self._listener is None and not self._lack:
            self._listen()

    def close(self) -> None:
        """Removes the listener."""
        listener, self._listener, self._buffer, self._lack = self._listener, None, None, ""
        if listener is not None:
            listener.unregister()

    def mount(self, base_frame: str, camera_frame: str) -> tuple[CameraMount | None, str]:
        """The mount by the newest transform from a frame on the floor to the camera's optical frame; else None and the reason."""
        buffer = self._buffer
        if buffer is None:
            return None, self._lack or "TF is not listened to yet"
        try:
            transform = buffer.lookup_transform(base_frame, camera_frame, Time()).transform
        except self._tf.TransformException as error:
            return None, f"no transform from '{base_frame}' to '{camera_frame}': {error}; publish it, or set depth.camera_height"
        t, q = transform.translation, transform.rotation
        try:
            mount = camera_mount((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))
        except InputError as error:
            return None, f"transform from '{base_frame}' to '{camera_frame}': {error}"
        if looks_up(mount):
            found = f"by TF the z axis of '{camera_frame}' points up, so it is no optical frame (x right, y down, z forward)"
            return None, f"{found}; name the optical one in the driver, or by the parameter frame_id"
        return mount, ""

    def _listen(self) -> None:
        try:
            import tf2_ros
        except ImportError as error:
            self._lack = f"depth.camera_height is 0 and tf2_ros is not there ({error}); install tf2_ros_py, or set depth.camera_height"
            return
        self._tf = tf2_ros
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, self._node, spin_thread=False)
