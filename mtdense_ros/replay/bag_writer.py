"""A recording as a rosbag2 (mcap, metadata version 9) that `ros2 bag play` and Foxglove open."""

from __future__ import annotations

import shutil
from pathlib import Path

from rosbags.interfaces import Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

from mtdense_ros.replay.messages import typestore
from mtdense_ros.replay.recording import Recording

TRANSIENT_LOCAL = ("legend", "label_info")
"""Last parts of the names of those topics that late subscribers get, too."""
_FOREVER = QosTime(9223372036, 854775807)


def write_bag(recording: Recording, folder: Path) -> int:
    """Writes all records in the order of their arrival, compressed chunk by chunk; replaces the folder. Returns its size in bytes."""
    shutil.rmtree(folder, ignore_errors=True)
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        types = {entry.topic: entry.message_type for entry in recording.entries}
        connections = {
            topic: writer.add_connection(topic, kind, typestore=typestore(), offered_qos_profiles=[_qos(_is_transient_local(topic))])
            for topic, kind in types.items()
        }
        for entry in recording.entries:
            writer.write(connections[entry.topic], entry.time_ns, recording.read(entry).data)
    return sum(p.stat().st_size for p in folder.iterdir())


def _is_transient_local(topic: str) -> bool:
    return topic.rpartition("/")[2] in TRANSIENT_LOCAL


def _qos(transient_local: bool) -> Qos:
    """Reliable, and transient local where the topic was, for when the bag is played."""
    durability = QosDurability.TRANSIENT_LOCAL if transient_local else QosDurability.VOLATILE
    return Qos(
        history=QosHistory.KEEP_LAST,
        depth=1 if transient_local else 5,
        reliability=QosReliability.RELIABLE,
        durability=durability,
        deadline=_FOREVER,
        lifespan=_FOREVER,
        liveliness=QosLiveliness.AUTOMATIC,
        liveliness_lease_duration=_FOREVER,
        avoid_ros_namespace_conventions=False,
    )
