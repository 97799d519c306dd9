"""The benchmarks' figures from raw samples, their documents, and the yardstick's outputs against the package's."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from project import ROOT

from benchmarks import all as all_benchmarks
from benchmarks import end_to_end, training_step
from benchmarks.common import copies, machine, network_tables, node_tables, pictures, record, statistics, tables, targets
from benchmarks.common.usage import Usage
from benchmarks.document import document
from mtdense_ros.errors import ConfigError

OUTPUTS = ["labels", "points"]
MS = 1_000_000


def phase(variant="fp32", ages=(40.0, 50.0, 60.0), period=100.0, **more):
    """A phase of 1 s after 0.1 s of warm-up with two outputs: a frame each `period` ms whose cloud has this age and labels half of it."""
    frames = [[period * i, age / 2, age] for i, age in enumerate(ages, start=1)]
    stages = {"network": [30.0] * len(ages), "node": [33.0] * len(ages), "publish": [1.0] * len(ages)}
    fixed = {"round": 1, "rate": 30.0, "warm_up_s": 0.1, "seconds": 1.0, "sent": 9, "cores": {"node": 1.5}, "rss_mb": 500.0}
    values = {"variant": variant, **fixed, "outputs": OUTPUTS, "frames": frames, "stages": stages, "finished": len(ages)}
    return {**values, **more}


def test_percentiles():
    assert statistics.percentiles(range(101)) == (50.0, 95.0, 99.0)
    assert all(map(math.isnan, statistics.percentiles([])))


def test_sets_pair_by_exact_stamp_and_the_first_arrival_counts():
    begin = 1000 * MS
    arrivals = [
        (0, 1010 * MS, 1025 * MS),
        (1, 1040 * MS, 1050 * MS),
        (1, 1010 * MS, 1030 * MS),
        (1, 1010 * MS, 1099 * MS),
        (0, 990 * MS, 1001 * MS),
    ]
    assert statistics.sets(arrivals, 2, begin) == [[10.0, 15.0, 20.0], [40.0, None, 10.0]]


def test_only_complete_sets_that_came_within_the_measured_time_count():
    rows = [[10.0, 5.0, 60.0], [60.0, 5.0, 50.0], [500.0, None, 40.0], [600.0, 70.0, 40.0], [1080.0, 5.0, 20.0]]
    one = phase(frames=rows)
    assert statistics.measured(one) == [rows[1], rows[3]]  # completed at 110 and 670, of 100 to 1100 ms
    assert statistics.set_ages([one]) == [50.0, 70.0]
    assert statistics.output_ages([one], "points") == [50.0, 40.0]
    assert statistics.rate(one) == pytest.approx(1000 / 560)


def test_a_rate_needs_two_sets():
    assert math.isnan(statistics.rate(phase(ages=(50.0,))))


@pytest.mark.parametrize(
    ("frames", "finished", "expected"),
    [
        ([[0, 1, 2], [5, 1, 2]], 2, 0),
        ([[0, 1, None], [5, 1, 2]], 2, 1),
        ([[0, 1, 2]], 3, 2),  # two of which nothing came
        ([[0, 1, 2], [5, 1, 2]], 1, 0),  # one that the node finished before the phase began
    ],
)
def test_lost(frames, finished, expected):
    assert statistics.lost(phase(frames=frames, finished=finished)) == expected


def test_what_the_node_spends_without_its_network():
    assert statistics.without_network([phase(), phase()]) == [3.0] * 6
    assert statistics.around_network([phase()]) == [2.0] * 3


def test_quotients_are_of_the_same_round():
    fast = [phase(period=100.0), phase(period=50.0, round=2), phase(round=3)]
    slow = [phase("naive", period=200.0, round=2), phase("naive", period=400.0, ages=(40.0, 40.0))]
    quotients = statistics.by_round(fast, slow, lambda phases: statistics.rate(phases[0]))
    assert quotients == pytest.approx([(1000 / 110) / 2.5, (1000 / 60) / (1000 / 210)])
    assert tables.spread(quotients) == "3.6 (3.5 to 3.6)"


def everything():
    """Phases of all variants that the targets read: ours has 10 fps and 50 ms, the yardstick 1 fps and 1 s."""
    ages = (50.0,) * 8
    ours = [phase(name, ages, rate=rate) for name in ("fp32", "bf16") for rate in (10.0, 30.0, 0.0)]
    depths = [phase(f"fp32, depth {depth}", ages) for depth in (1, 10)]
    times = {"warm_up_s": 0.0, "seconds": 10.0}
    naive = [phase(name, (1000.0,) * 3, 1000.0, rate=rate, **times) for name in node_tables.YARDSTICKS for rate in (30.0, 0.0)]
    return [*ours, *depths, *naive]


def verdicts(phases):
    return {target.text: target.verdict for target in targets.end_to_end(phases)}


def test_targets_reached_and_missed():
    found = {text: verdict for text, verdict in verdicts(everything()).items() if not text.startswith("GPU")}
    missed = [text for text, verdict in found.items() if verdict != "reached"]
    # 10 fps are ten times 1 fps, and 50 ms are 1.67 times the network's 30 ms.
    assert len(missed) == 3 and sum("bf16" in text for text in missed) == 2 and sum("p95" in text for text in missed) == 1
    assert set(found.values()) == {"reached", "missed"}


def test_on_a_gpu_the_node_may_add_three_copies_and_the_relay_s_age():
    phases = [phase("cuda fp16", (45.0,) * 8, rate=10.0), phase("relay", (10.0,) * 8)]  # and 30 ms in the network
    for copies_ms, verdict in ((2.0, "reached"), (1.0, "missed")):
        median_age, p95 = (each for each in targets.end_to_end(phases, [copies_ms] * 3) if each.text.startswith("GPU"))
        assert (median_age.limit, median_age.verdict, p95.verdict) == (40.0 + 3 * copies_ms, verdict, "missed")
    assert "| at most - |" in targets.table(targets.end_to_end([]))


def test_training_steps_are_of_trainings_that_there_are():
    for arch, height, width, amp in training_step.CASES:
        assert replace(training_step.CONFIGS[arch], height=height, width=width, amp=amp).arch == arch


@pytest.mark.slow
def test_what_is_copied_to_a_gpu_and_back():
    assert copies.values_of("mtdense_indoor", (480, 640)) == (7 + 1 + 3) * 120 * 160 + 240 * 320
    assert copies.seen_hw("mtdense_indoor", (480, 640), (480, 640)) == (480, 640)
    assert copies.seen_hw("mtdense_indoor", (480, 640), None) == (256, 320)


def test_a_lost_frame_misses_its_target():
    phases = everything()
    phases[0]["finished"] += 1
    assert verdicts(phases)["ours: frames that lost an output"] == "missed"


def test_what_was_not_measured_is_neither_reached_nor_missed():
    assert set(verdicts([]).values()) == {"not measured"}


def network_runs():
    sizes = [480, 640]
    peak = {"kind": "peak", "device": "cpu", "precision": "fp32", "peak_gmac_s": [200.0, 220.0, 210.0]}
    ms = {"all": [20.0, 20.0], "without foreground": [17.0, 17.0], "foreground": [9.0], "labels": [12.0]}
    one = {"kind": "network", "device": "cpu", "engine": "openvino", "precision": "fp32", "size": sizes, "ms": ms}
    failed = {"kind": "network", "device": "cpu", "engine": "torch", "precision": "fp32", "size": sizes, "error": "no torch"}
    costs = [{"size": sizes, "all": 2.1, "without foreground": 1.8, "foreground": 1.0, "labels": 1.2}]
    return [peak, one, failed], costs


def test_the_network_s_table():
    runs, costs = network_runs()
    assert "| openvino fp32 | 640x480 | 20.00 | 20.00 | 105 | 50.0 % | - |" in network_tables.network(runs, costs)
    mask, on_cuda = targets.network(runs)
    assert on_cuda.verdict == "not measured"
    assert mask.value == pytest.approx(15.0) and mask.verdict == "reached"
    assert "15.0 %" in network_tables.by_outputs(runs, costs)


BATCHES = [{"count": 1, "memory_mb": 0.0, "ms": [10.0]}, {"count": 4, "memory_mb": 30.0, "ms": [32.0]}]


def cameras_of(count, rate, rss_mb, **more):
    """Phases of so many cameras; a frame a second of each is without outputs where `sent` says so."""
    values = {"count": count, "rate": rate, "rss_mb": rss_mb, "finished": 3 * count, "sent": 3, **more}
    return [phase(camera=f"camera{i}", **values) for i in range(count)]


def test_cameras_by_hand():
    phases = cameras_of(1, 5.0, 500.0) + cameras_of(4, 5.0, 650.0, sent=4) + cameras_of(4, 0.0, 680.0)
    memory, unanswered = targets.cameras(phases, 0.3)
    assert memory.value == pytest.approx((665.0 - 500.0) / 3) and memory.verdict == "reached"
    assert unanswered.value == 4 and unanswered.verdict == "missed"
    assert targets.cameras(phases, 12.0)[1].verdict == "not measured"
    table = node_tables.cameras(phases).splitlines()
    assert "| 4 of 16 | 0 |" in table[3] and "| - |" in table[4] and "| 680 |" in table[4]


def test_what_is_lost_on_the_way_is_counted_over_all_cameras_of_a_round():
    rounds = [cameras_of(2, 5.0, 500.0, finished=7, round=number) for number in (1, 2)]
    assert node_tables.lost_of_cameras([p for of in rounds for p in of]) == 2


def test_a_single_number_of_cameras_says_nothing_about_growth():
    assert [target.verdict for target in targets.cameras(cameras_of(1, 5.0, 500.0), 0.0)] == ["not measured", "not measured"]


def test_batches_by_hand():
    """Four pictures of 10 ms, or 32 ms in one call: a quarter more of them, but the mean age grows from 25 to 32 ms."""
    (row,) = [line for line in node_tables.by_batch(BATCHES).splitlines() if line.startswith("| 4 |")]
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["4", "8.0", "1.25", "25.0", "40.0", "32.0", "32.0", "30"]


def test_figures_survive_their_file(tmp_path):
    runs, costs = network_runs()
    content = {**machine.description(), "skipped": {"bf16": "no"}, "runs": runs, "costs_gmac": costs}
    record.write(tmp_path / "network.json", content)
    assert record.read(tmp_path / "network.json") == json.loads(json.dumps(content))
    assert record.read(tmp_path / "nothing.json") is None
    assert "| openvino fp32 | 640x480 |" in document(tmp_path)


def test_the_document_has_a_section_for_each_file(tmp_path):
    head = {**machine.description(), "network_input": "640x480", "copies_ms": [], "skipped": {"bf16": "openvino not installed"}}
    record.write(tmp_path / "end_to_end.json", {**head, "phases": everything()})
    record.write(tmp_path / "startup.json", {**head, "engine": "auto", "starts": [{"import": 2.0, "total": 3.0, "seen": 5.5}]})
    record.write(tmp_path / "idle.json", {**head, "runs": [{"node_percent": 1.5, "camera_percent": 4.0, "rss_mb": 400.0}]})
    grown = [phase(camera=[240, 320], sinks=2)]
    record.write(tmp_path / "growth.json", {**head, "phases": grown})
    seen = {"camera": "front", "count": 1, "rate": 5.0}
    record.write(tmp_path / "cameras.json", {**head, "camera": "640x480", "phases": [phase(**seen)], "batches": BATCHES})
    record.write(
        tmp_path / "memory.json", {**head, "samples": [{"minute": i / 4, "rss_mb": 500.0, "frames": 450 * i} for i in range(1, 30)]}
    )
    text = document(tmp_path)
    sections = ["Targets", "End to end", "Startup, engine auto", "Idle", "Growth", "Several cameras", "Memory over time"]
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == sections
    assert "warm disk | at most 5.0 s | 5.5 s | missed |" in text
    assert "of a core | at most 2.00 % | 1.50 % | reached |" in text
    assert "Not run: bf16: openvino not installed" in text
    assert "| 320x240 | 2 | 50.0 |" in text
    assert text.count("| 500.0 |") == 10


def test_all_of_them_in_order(tmp_path):
    measured = ["end_to_end", "network", "around_network", "startup", "idle", "growth", "cameras"]
    assert all_benchmarks.options_of([]).names == [*measured, "fuzz", "fuzz_live"]
    options = all_benchmarks.options_of(["--minutes", "2", "--quick", "--folder", str(tmp_path)])
    assert options.names == [*measured, "memory", "fuzz", "fuzz_live", "soak"]
    assert all_benchmarks.arguments_of("soak", options) == ["benchmarks.soak", "--minutes", "2.0", "--json", f"{tmp_path}/soak.json"]
    assert all_benchmarks.arguments_of("memory", options) == ["benchmarks.growth", "--minutes", "2.0", "--json", f"{tmp_path}/memory.json"]
    assert all_benchmarks.arguments_of("network", options) == ["benchmarks.network", "--json", f"{tmp_path}/network.json", "--quick"]
    with pytest.raises(ConfigError, match="did you mean|known"):
        all_benchmarks.options_of(["--only", "netwerk"])


def test_variants_are_known_and_quick_is_short():
    options = end_to_end.options_of(["--quick"])
    assert (options.rounds, options.seconds) == (1, 4.0) and set(options.variants) < set(end_to_end.DEFAULT)
    with pytest.raises(ConfigError, match="fp33"):
        end_to_end.options_of(["--variants", "fp33"])


def test_a_wrong_size_is_refused_before_anything_is_measured(capsys):
    assert end_to_end.options_of(["--size", ""]).size == ""
    with pytest.raises(SystemExit):
        end_to_end.options_of(["--size", "640"])
    assert "'640' is not WIDTHxHEIGHT" in capsys.readouterr().err


def test_the_document_is_that_of_the_committed_figures():
    committed = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert document(ROOT / "docs" / "performance") == committed, "run python -m benchmarks.document"


def test_the_camera_s_pictures_are_always_the_same_and_move():
    still, first, last = pictures.background((48, 64)), pictures.moving((48, 64))[0], pictures.moving((48, 64))[-1]
    assert pictures.digest((48, 64)) == pictures.digest((48, 64)) != pictures.digest((96, 64))
    assert (first != still).any() and (first != last).any()


def test_usage_of_this_process():
    import os

    before = Usage.of(os.getpid())
    sum(i for i in range(3_000_000))
    after = Usage.of(os.getpid())
    assert 0.0 < after.cores_since(before) < 2.0 and 10.0 < after.rss_mb < 10_000.0


def test_environments(monkeypatch):
    from benchmarks.common import variants

    monkeypatch.setenv("FASTDDS_DEFAULT_PROFILES_FILE", "/mine.xml")
    monkeypatch.setenv("GLIBC_TUNABLES", "mine")
    bare = variants.environment("7", tuned=False)
    assert bare["ROS_DOMAIN_ID"] == "7" and not set(variants.TUNABLES) & set(bare)
    assert variants.environment("7", tuned=True)["FASTDDS_DEFAULT_PROFILES_FILE"] == "/mine.xml"


def test_the_naive_node_gives_the_package_s_outputs(make_random_weights, picture):
    """But for its splines and its float64: most labels and mask pixels, depth and normals on average, points exactly."""
    pytest.importorskip("rclpy", reason="rclpy is not installed: the naive node is not compared with the package's")
    from benchmarks import naive_node
    from mtdense_ros.datatypes import Intrinsics
    from mtdense_ros.geometry import point_cloud
    from mtdense_ros.inference.predictor import Predictor

    path = make_random_weights("mtdense")
    rgb, background = picture(1, 96, 128), picture(2, 96, 128)
    naive = naive_node.NaiveNetwork(str(path), (96, 128))
    naive.background = naive.tensor(background)
    found = naive(rgb, 110.0)
    camera = Intrinsics(128, 96, 110.0, 110.0, 63.5, 47.5)
    expected = Predictor.load(path, "cpu", engine="torch").predict(rgb, camera, background=background)
    assert (found["labels"] == expected.labels).mean() > 0.95
    assert ((found["foreground"] == 255) == expected.foreground).mean() > 0.95
    assert np.abs(found["depth"] / expected.depth - 1).mean() < 0.02
    assert (found["normals"] * expected.normals).sum(axis=2).mean() > 0.99
    assert np.abs(found["confidence"] - expected.confidence).mean() < 0.02
    packed = naive_node.cloud(rgb, found, np.array([110.0, 0, 63.5, 0, 110.0, 47.5, 0, 0, 1]))
    parts = point_cloud.unpack_cloud(packed.tobytes(), 128, 96)
    assert (parts["rgb"] == rgb).all() and (parts["label"] == found["labels"]).all() and (parts["foreground"] == found["foreground"]).all()
    np.testing.assert_allclose(parts["points"][..., 2], found["depth"], rtol=1e-6)
    np.testing.assert_allclose(parts["points"][10, 20, 0], (20 - 63.5) / 110.0 * found["depth"][10, 20], rtol=1e-5)
