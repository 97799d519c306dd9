"""A recording made by hand: what is found in it, the figures of the report, and the bag that is written from it."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from mtdense_ros.datatypes import Frame
from mtdense_ros.replay.analysis import live_report, sheet_rows
from mtdense_ros.replay.bag_writer import write_bag
from mtdense_ros.replay.live import Run, Sent
from mtdense_ros.replay.messages import DIAGNOSTICS, IMAGE, LABEL_INFO, STRING, serialise_image, typestore
from mtdense_ros.replay.plan import Plan
from mtdense_ros.replay.recording import Recording, label_space_of
from mtdense_ros.replay.report import statistics, table, write_report
from mtdense_ros.replay.source import Source
from mtdense_ros.utils.record_stream import Record, write_record

MS = 1_000_000
START = 1_700_000_000_000 * MS
LEGEND = {"classes": [{"id": 0, "name": "floor", "color": [1, 2, 3]}], "networks": [{"model": "a"}, {"model": "b"}], "depth_kind": "metric"}


def make(kind, **fields):
    return typestore().types[kind](**fields)


def serialised(message, kind):
    return bytes(typestore().serialize_cdr(message, kind))


def picture(index):
    return Frame(np.full((4, 6, 3), 10 * index, np.uint8), START + 100 * MS * index, "cam")


def labels(index):
    message = typestore().deserialize_cdr(serialise_image(picture(index)), IMAGE)
    message.encoding, message.step, message.data = "mono8", 6, np.full(24, index, np.uint8)
    return serialised(message, IMAGE)


def diagnostics(level, value):
    stamp = make("builtin_interfaces/msg/Time", sec=0, nanosec=0)
    header = make("std_msgs/msg/Header", stamp=stamp, frame_id="")
    values = [make("diagnostic_msgs/msg/KeyValue", key="dropped", value=value)]
    kind = "diagnostic_msgs/msg/DiagnosticStatus"
    frames = make(kind, level=0, name="mtdense: frames", message="active", hardware_id="cpu", values=values)
    fault = make(kind, level=level, name="mtdense: no camera_info", message="none came", hardware_id="cpu", values=[])
    return serialised(make(DIAGNOSTICS, header=header, status=[frames, fault]), DIAGNOSTICS)


class Pictures(Source):
    name = "three pictures"

    def frames(self):
        return (picture(index) for index in range(3))


PLAN = Plan(Pictures(), "net", (4, 6))


@pytest.fixture()
def run(tmp_path):
    """Three images sent every 100 ms; the labels of the first and the third came back after 20 and 40 ms."""
    info = make(LABEL_INFO, header=make("std_msgs/msg/Header", stamp=make("builtin_interfaces/msg/Time", sec=0, nanosec=0), frame_id=""),
                class_map=[make("vision_msgs/msg/VisionClass", class_id=0, class_name="floor")], threshold=0.0)  # fmt: skip
    with (tmp_path / "records.bin").open("wb") as stream:
        for record in (
            Record("/mtdense/legend", STRING, START, serialised(make(STRING, data=json.dumps(LEGEND)), STRING)),
            Record("/mtdense/label_info", LABEL_INFO, START, serialised(info, LABEL_INFO)),
            Record("/diagnostics", DIAGNOSTICS, START, diagnostics(1, "0")),
            *(Record("/camera/image_raw", IMAGE, START + 100 * MS * i, serialise_image(picture(i))) for i in range(3)),
            Record("/mtdense/labels", IMAGE, START + 20 * MS, labels(0)),
            Record("/mtdense/labels", IMAGE, START + 240 * MS, labels(2)),
            Record("/diagnostics", DIAGNOSTICS, START + 250 * MS, diagnostics(0, "1")),
        ):
            write_record(stream, record)
    sent = tuple(Sent(i, START + 100 * MS * i, START + 100 * MS * i) for i in range(3))
    return Run(Recording(tmp_path / "records.bin"), sent, "")


def test_what_a_recording_holds(run):
    recording = run.recording
    assert recording.outputs() == ("labels",)
    assert recording.arrivals("labels") == {START: START + 20 * MS, START + 200 * MS: START + 240 * MS}
    assert (recording.results(START + 200 * MS)["labels"] == 2).all() and recording.results(START + 100 * MS) == {}
    assert recording.legend() == LEGEND and label_space_of(LEGEND).names == ("floor",)
    assert recording.diagnostics() == {"device": "cpu", "dropped": "1"}
    assert recording.faults() == {"no camera_info": "none came"}


def test_report(run):
    report = live_report(PLAN, run, ())
    assert (report.frames_in, report.rate_in_hz, report.model, report.device) == (3, pytest.approx(10.0), "a + b", "cpu")
    (row,) = report.outputs
    assert (row.name, row.frames) == ("labels", 2)
    assert (row.rate_hz, row.age_p50_ms, row.age_p95_ms) == pytest.approx((1 / 0.22, 30.0, 39.0))
    assert report.node == {"dropped": "1"}
    assert "no background" in report.notes[0] and report.notes[1] == "fault 'no camera_info': none came"


def test_report_files(run, tmp_path):
    report = live_report(PLAN, run, ())
    write_report(report, tmp_path)
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["outputs"][0]["frames"] == 2 and content["source"] == "three pictures"
    assert "| labels " in (tmp_path / "report.md").read_text()


def test_values_that_are_no_numbers_become_null_in_the_file_and_text_stays(run, tmp_path):
    accuracy = {"IoU": math.nan, "error": math.inf}
    report = replace(live_report(PLAN, run, ()), notes=("depth: NaN there",), accuracy=accuracy, rate_in_hz=math.nan)
    write_report(report, tmp_path)
    content = json.loads((tmp_path / "report.json").read_text(), parse_constant=pytest.fail)
    assert content["notes"] == ["depth: NaN there"]
    assert content["accuracy"] == {"IoU": None, "error": None} and content["rate_in_hz"] is None


def test_sheet_rows_are_frames_that_were_answered(run):
    rows = sheet_rows(Pictures(), run)
    assert [row.caption for row in rows] == ["0.0 s", "0.2 s"]
    assert rows[1].rgb[0, 0, 0] == 20 and (rows[1].results["labels"] == 2).all()


def test_bag(run, tmp_path):
    size = write_bag(run.recording, tmp_path / "demo.mcap")
    assert size > 0 and "version: 9" in (tmp_path / "demo.mcap" / "metadata.yaml").read_text()
    with AnyReader([tmp_path / "demo.mcap"]) as reader:
        counts = {c.topic: c.msgcount for c in reader.connections}
        assert counts == {"/mtdense/legend": 1, "/mtdense/label_info": 1, "/diagnostics": 2, "/camera/image_raw": 3, "/mtdense/labels": 2}
        latched = next(c for c in reader.connections if c.topic == "/mtdense/legend").ext.offered_qos_profiles[0]
        assert latched.durability.name == "TRANSIENT_LOCAL"
        images = [(time, bytes(data)) for c, time, data in reader.messages() if c.topic == "/mtdense/labels"]
    assert images == [(START + 20 * MS, labels(0)), (START + 240 * MS, labels(2))]


def test_bag_replaces_an_older_one(run, tmp_path):
    older = tmp_path / "demo.mcap" / "older.mcap"
    older.parent.mkdir()
    older.touch()
    write_bag(run.recording, tmp_path / "demo.mcap")
    write_bag(run.recording, tmp_path / "demo.mcap")
    assert not older.exists()
    with AnyReader([tmp_path / "demo.mcap"]) as reader:
        assert reader.message_count == len(run.recording.entries)


def test_statistics_of_a_single_message_has_no_rate():
    row = statistics("labels", [5], [7 * MS])
    assert math.isnan(row.rate_hz) and row.age_p50_ms == 7.0
    assert math.isnan(statistics("labels", [], []).age_p50_ms)


def test_table_lines_up(run):
    lines = [line for line in table(live_report(PLAN, run, ())).splitlines() if line.startswith("|")]
    assert len({len(line) for line in lines}) == 1 and len(lines) == 3
