"""The demo end to end on a small folder with random weights: real node, player and recorder over DDS; bag, sheet and report."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from project import ROOT

pytest.importorskip("rclpy", reason="the demo's node needs rclpy")

from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import StoragePlugin, Writer

from mtdense_ros.datatypes import Frame, Intrinsics
from mtdense_ros.replay.contact_sheet import sheet_hw
from mtdense_ros.replay.messages import CAMERA_INFO, IMAGE, serialise_camera_info, serialise_image, typestore
from mtdense_ros.replay.result_writer import MARKER

CAMERA = Intrinsics(128, 96, 100.0, 100.0, 63.5, 47.5)
FRAMES = 6
FOREGROUND = {"foreground", "foreground_overlay", "foreground_overlay/compressed"}
OUTPUTS = FOREGROUND | {
    *("labels", "confidence", "labels_color", "labels_color/compressed", "depth", "normals", "normals_color", "normals_color/compressed"),
    *("nav/labels", "nav/confidence"),
}
"""What a folder of images gives: without a camera_info there are no points."""
WITH_CAMERA = {"camera_info", "points", "obstacles", "clearing", "nav/points", "nav/camera_info"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(FRAMES):
        cv2.imwrite(str(folder / f"{index}.png"), np.random.default_rng(index).integers(0, 256, (96, 128, 3), dtype=np.uint8))
    return folder


def demo(weights_folder, *arguments):
    environment = {**os.environ, "MTDENSE_WEIGHTS_PATH": str(weights_folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "mtdense_ros.replay.demo", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def out(tmp_path_factory, pictures, weights_folder):
    """demo_out of a run in step with the node, its first frame the background."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    result = demo(weights_folder, pictures, "--background", "first", "--weights", "everything", "--rate", 0, "--out", folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "age p50 ms" in result.stdout
    return folder


def test_report(out):
    report = json.loads((out / "report.json").read_text())
    assert report["frames_in"] == FRAMES and report["model"] == "everything"
    assert {o["name"]: o["frames"] for o in report["outputs"]} == dict.fromkeys(OUTPUTS, FRAMES)
    assert all(0 < o["age_p50_ms"] <= o["age_p95_ms"] < 60_000 for o in report["outputs"])
    assert report["notes"][0].startswith("background: reference frame 128x96")


def test_bag_holds_inputs_and_outputs(out):
    with AnyReader([out / "demo.mcap"]) as reader:
        counts = {c.topic: c.msgcount for c in reader.connections}
        assert {name: counts[f"/mtdense/{name}"] for name in OUTPUTS} == dict.fromkeys(OUTPUTS, FRAMES)
        assert counts["/camera/image_raw"] == FRAMES and counts["/mtdense/legend"] == 1 and counts["/diagnostics"] > 0
        stamps = {}
        for connection, _, data in reader.messages([c for c in reader.connections if c.topic in ("/camera/image_raw", "/mtdense/labels")]):
            stamp = reader.deserialize(data, connection.msgtype).header.stamp
            stamps.setdefault(connection.topic, []).append((stamp.sec, stamp.nanosec))
    assert stamps["/camera/image_raw"] == stamps["/mtdense/labels"]


def test_sheet(out):
    assert cv2.imread(str(out / "sheet.png")).shape[:2] == sheet_hw(5)


def test_nothing_else_is_left(out):
    logs = {"node.log", "player.log", "recorder.log"}
    assert {p.name for p in out.iterdir()} == {"demo.mcap", "sheet.png", "report.json", "report.md", "report.html", MARKER, *logs}


def test_bag_in_real_time_keeps_its_stamps_and_its_camera(weights_folder, tmp_path):
    """Old stamps and a camera_info beside the images: points come back, and everything bears stamps of the bag. A slow machine may drop."""
    stamps = [1_700_000_000_000_000_000 + 100_000_000 * index for index in range(4)]
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        image = writer.add_connection("/front/image_raw", IMAGE, typestore=typestore())
        info = writer.add_connection("/front/camera_info", CAMERA_INFO, typestore=typestore())
        for stamp in stamps:
            frame = Frame(np.full((96, 128, 3), stamp % 251, np.uint8), stamp, "front_optical", CAMERA)
            writer.write(info, stamp, serialise_camera_info(frame, CAMERA))
            writer.write(image, stamp, serialise_image(frame))
    result = demo(weights_folder, tmp_path / "bag", "--weights", "everything", "--rate", 2, "--out", tmp_path / "out")
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert {o["name"] for o in report["outputs"]} == (OUTPUTS | WITH_CAMERA) - FOREGROUND
    assert report["frames_in"] == 4 and report["rate_in_hz"] <= 2.2 and all(1 <= o["frames"] <= 4 for o in report["outputs"])
    unexpected = [note for note in report["notes"] if "no background" not in note and "no floor plane" not in note]
    assert unexpected == [], "random weights see no floor"
    with AnyReader([tmp_path / "out" / "demo.mcap"]) as reader:
        points = [c for c in reader.connections if c.topic == "/mtdense/points"]
        headers = [reader.deserialize(data, c.msgtype).header for c, _, data in reader.messages(points)]
    assert {h.stamp.sec * 10**9 + h.stamp.nanosec for h in headers} <= set(stamps) and headers[0].frame_id == "front_optical"


def test_unknown_weights_are_told_before_anything_starts(pictures, weights_folder, tmp_path):
    result = demo(weights_folder, pictures, "--weights", "evrything", "--out", tmp_path / "out")
    assert result.returncode == 1 and "did you mean 'everything'" in result.stderr and not (tmp_path / "out").exists()


def test_a_node_that_cannot_start_says_why(pictures, weights_folder, tmp_path):
    """The card is whole, the weights are not."""
    for name in ("everything.json", "everything.safetensors"):
        (tmp_path / name).write_bytes((weights_folder / name).read_bytes())
    with (tmp_path / "everything.safetensors").open("r+b") as stream:
        stream.truncate(1000)
    result = demo(tmp_path, pictures, "--weights", tmp_path / "everything.safetensors", "--out", tmp_path / "out")
    assert result.returncode == 1 and "cannot start" in result.stderr and "everything.safetensors" in result.stderr
