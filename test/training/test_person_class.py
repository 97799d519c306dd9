"""Weights of before there was a person class: they work as they are, and are what networks with the class start from."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from training_data import write_set

from mtdense_ros.cli.weights import _verify
from mtdense_ros.data.datasets.rendered import RenderedSource
from mtdense_ros.imaging.label_spaces import load_label_space
from mtdense_ros.inference import Predictor
from mtdense_ros.inference.multi_predictor import MultiPredictor
from mtdense_ros.pipeline.legend import legend_of
from mtdense_ros.training.config import load_config
from mtdense_ros.training.loop import train
from mtdense_ros.training.state import Run
from mtdense_ros.weights import load_weights

START = Path(os.environ.get("MTDENSE_DATA", Path(__file__).resolve().parents[3] / "shared/data")) / "start/mtdense_imagenet.safetensors"
SIX = [
    "mtdense_indoor",
    pytest.param(str(START), marks=pytest.mark.skipif(not START.exists(), reason=f"{START} is not there; MTDENSE_DATA names its folder")),
]


@pytest.fixture(params=SIX)
def six(request):
    """Weights with six classes; the committed ones will know people one day, and then have nothing to show here."""
    if load_weights(request.param)[1].config["num_classes"] != 6:
        pytest.skip(f"{request.param} has the person class")
    return request.param


def test_they_load_verify_compose_and_tell_six_classes(six):
    _verify(six)
    predictor = Predictor.load(six, device="cpu", engine="torch", precision="fp32", size=(64, 96))
    assert predictor.label_space.classes == load_label_space("indoor").classes[:6]
    networks = MultiPredictor.load(six, device="cpu", engine="torch")
    assert [entry["name"] for entry in legend_of(networks, "none")["classes"]] == list(predictor.label_space.names)
    assert predictor.predict(np.zeros((64, 96, 3), np.uint8)).labels.max() < 6


def test_a_start_keeps_six_rows_and_begins_the_seventh(six):
    run = Run(load_config(None, ["steps=1", f"start={six}"]))
    fresh = run.net.heads["labels"][4].weight[6].clone()
    run.continue_from(six)
    due, _ = load_weights(six)
    for net in (run.net, run.average):
        for name, value in due.state_dict().items():
            assert torch.equal(net.state_dict()[name][: len(value)] if value.ndim else net.state_dict()[name], value), name
        assert torch.equal(net.heads["labels"][4].weight[6], fresh) and fresh.abs().sum() > 0


def test_a_training_takes_sets_of_either_format(tmp_path):
    new, old = write_set(tmp_path / "new"), write_set(tmp_path / "old")
    labels = np.load(new / "shard-0000/labels.npy")
    labels[:, 0][labels[:, 0] == 4] = 6
    np.save(new / "shard-0000/labels.npy", labels)
    manifest = json.loads((old / "manifest.json").read_text())
    (old / "manifest.json").write_text(json.dumps({**manifest, "format": 1}))
    assert 6 in RenderedSource(new)[0].labels and set(np.unique(RenderedSource(old)[0].labels)) == {0, 1, 255}
    words = ["steps=4", "height=64", "width=64", "batch=4", "threads=1", "validation=1", "schedule.warmup=1",
             "model={width: 16, head_width: 8, change_widths: [8, 8, 8, 8]}",
             f"sources=[{{source: 'renders:{new}'}}, {{source: 'renders:{old}'}}]"]
    run = train(load_config(None, words), tmp_path / "run")
    assert run.net.config["num_classes"] == 7 and run.step == 4
    assert all(torch.isfinite(value).all() for value in run.net.parameters())
