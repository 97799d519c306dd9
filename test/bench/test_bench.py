"""`mtdense bench`: turns, children that fail in every way, the table, and the choice that is kept."""

import json

import pytest

from mtdense_ros.bench import trials, turns
from mtdense_ros.bench.report import Outcome
from mtdense_ros.bench.trials import Trial, planned_trials
from mtdense_ros.bench.turns import run_trials
from mtdense_ros.cli import main
from mtdense_ros.engines.machine import Machine
from mtdense_ros.engines.measured_choice import cached_choice
from mtdense_ros.errors import ConfigError
from mtdense_ros.weights import read_card

HERE = Machine("a processor", 2, "", {"torch": "2.0", "openvino": ""})

FAKE = """
import json, os, signal, sys, time
weights, engine, device, precision, height, width = sys.argv[1:]
assert (weights, height, width) == ("net", "96", "128")
if engine == "refuses":
    sys.stderr.write("mtdense: engine: is not good; take another\\n"), sys.exit(2)
if engine == "raises":
    raise RuntimeError("out of everything")
if engine == "hangs":
    time.sleep(60)
print(json.dumps({"event": "ready", "device": device, "precision": precision}), flush=True)
for line in sys.stdin:
    if engine == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    print(json.dumps({"event": "turn", "ms": [float(engine)] * int(line)}), flush=True)
"""


@pytest.fixture
def fake_children(tmp_path, monkeypatch):
    """Children that start at once; an engine whose name is a number takes so many ms."""
    (tmp_path / "fake_child.py").write_text(FAKE)
    monkeypatch.setattr(turns, "MODULE", "fake_child")
    monkeypatch.setattr(turns, "END_S", 0.1)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_every_trial_gets_its_samples(fake_children):
    told = []
    found = run_trials([Trial("3", "cpu", "fp32"), Trial("2", "cpu", "bf16")], "net", (96, 128), 23, told.append)
    assert [trial.samples for trial in found] == [(3.0,) * 23, (2.0,) * 23]
    assert told == ["starting 3 fp32 on cpu", "starting 2 bf16 on cpu", "0 of 23 runs each", "10 of 23 runs each", "20 of 23 runs each"]


@pytest.mark.slow
def test_what_fails_is_told_and_stops_nobody(fake_children, monkeypatch):
    def limited(step):
        """Only the one that hangs is given up soon; the others are waited for, however busy the machine is."""
        monkeypatch.setattr(turns, "READY_S", 1.0 if step.startswith("starting hangs") else 300.0)

    started = [Trial(name, "cpu", "fp32") for name in ("refuses", "raises", "dies", "hangs", "7")]
    found = run_trials([*started, Trial("absent", "", "", problem="pip install it")], "net", (96, 128), 3, limited)
    assert [trial.problem for trial in found] == [
        "engine: is not good; take another",
        "ended with code 1: RuntimeError: out of everything",
        "ended with signal SIGKILL: it said nothing",
        "gave no answer within 1 s",
        "",
        "pip install it",
    ]
    assert [len(trial.samples) for trial in found] == [0, 0, 0, 0, 3, 0]


def test_what_is_tried(monkeypatch):
    monkeypatch.setattr(trials, "installed_engines", lambda: {"torch": None, "openvino": "not installed; pip install openvino"})
    monkeypatch.setattr(trials.torch.cuda, "is_available", lambda: False)
    torch_fp32, torch_bf16, absent = planned_trials()
    assert (torch_fp32, torch_bf16) == (Trial("torch", "cpu", "fp32"), Trial("torch", "cpu", "bf16"))
    assert absent == Trial("openvino", "", "", problem="not installed; pip install openvino")
    assert planned_trials(["torch"], ["fp16"]) == [Trial("torch", "cpu", "fp16")]
    monkeypatch.setattr(trials.torch.cuda, "is_available", lambda: True)
    assert [t.text for t in planned_trials(["torch"], ["fp16"])] == ["torch fp16 on cpu", "torch fp16 on cuda"]
    with pytest.raises(ConfigError, match="--engines: 'tensor' is unknown"):
        planned_trials(["tensor"])


def test_the_table_by_hand(make_random_weights):
    entry = {"precision": "bf16", "engine": "torch", "set": "renders:val", "loss": {"mean_iou": 0.1, "abs_rel": 0, "foreground_iou": 0}}
    card = read_card(make_random_weights("mtdense", name="net", precision={"limits": {}, "measured": [entry]}))
    outcome = Outcome(card, (96, 128), HERE, [
        Trial("openvino", "", "", problem="pip install openvino"), Trial("torch", "cpu", "fp32", (30.0, 30.0, 40.0)),
        Trial("torch", "cpu", "bf16", (10.0, 10.0, 10.0)),
    ])  # fmt: skip
    assert outcome.table().splitlines() == [
        "net, 96 rows of 128 pixels: labels, depth, normals, foreground, background cached",
        "a processor, 2 cores; torch 2.0",
        "",
        "engine    device  precision  ms median    p95  x slowest  auto",
        "torch     cpu     bf16           10.00  10.00        3.0  no: bf16 in torch loses 0.1000 of mean_iou, the card allows 0.0050",
        "torch     cpu     fp32           30.00  39.00        1.0  yes",
        "openvino                             -      -          -  pip install openvino",
    ]
    content = json.loads(outcome.to_json("mtdense bench"))
    assert [(row["precision"], row["auto"]) for row in content["trials"]] == [("bf16", False), ("fp32", True), ("", False)]
    assert content["trials"][1]["samples"] == [30.0, 30.0, 40.0] and content["trials"][1]["median_ms"] == 30.0
    assert (content["machine"]["cpu"], content["size_hw"], content["weights"]["sha256"]) == ("a processor", [96, 128], card.sha256)


@pytest.mark.slow
def test_the_command_measures_chooses_and_forgets(make_random_weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    weights, file = make_random_weights("mtdense"), tmp_path / "new" / "bench.json"
    options = ["--engines", "torch", "--precisions", "fp32", "fp16", "--runs", "2", "--json", str(file), "--size", "96x64", "--choose"]
    assert main(["bench", str(weights), *options]) == 0
    told, card = capsys.readouterr().out, read_card(weights)
    assert "64 rows of 96 pixels" in told and "auto uses torch fp32 on" in told
    measured = {row["precision"]: row for row in json.loads(file.read_text())["trials"] if row["device"] == "cpu"}
    assert len(measured["fp32"]["samples"]) == 2 and measured["fp32"]["auto"]
    assert "fp16" in measured["fp16"]["problem"] and not measured["fp16"]["auto"]
    assert cached_choice(card, (64, 96), "cpu").engine == "torch" and cached_choice(card, (96, 128)) is None
    assert main(["bench", str(weights), "--forget"]) == 0
    assert "1 measured choice forgotten" in capsys.readouterr().out and cached_choice(card, (64, 96)) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runs", "0"], "--runs 0: is too few"),
        (["--engines", "tensorrt"], "--engines: 'tensorrt' is unknown"),
    ],
)
def test_wrong_options_are_told_in_one_line(options, message, make_random_weights, capsys):
    assert main(["bench", str(make_random_weights("mtdense")), *options]) == 2
    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1


@pytest.mark.parametrize("size", ["0x5", "480", "480 640"])
def test_a_size_is_width_x_height_as_everywhere(size, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "--size", size])
    assert f"'{size}' is not WIDTHxHEIGHT in pixels" in capsys.readouterr().err


def test_unknown_weights_and_nothing_to_forget(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main(["bench", "nothing_of_this_name"]) == 2
    assert "no 'nothing_of_this_name.safetensors'" in capsys.readouterr().err
    assert main(["bench", "--forget"]) == 0
    assert "0 measured choices forgotten" in capsys.readouterr().out
