"""Settings of a training: defaults, files, words, and what is refused."""

import dataclasses

import pytest
import torch
import yaml
from project import ROOT

from mtdense_ros.data.augment import Augmentation
from mtdense_ros.errors import ConfigError
from mtdense_ros.training.config import LossConfig, OptimiserConfig, SourceConfig, TeacherConfig, TrainConfig, TransferConfig, load_config
from mtdense_ros.training.state import Run, restored
from mtdense_ros.utils.settings import build_settings

SHIPPED = sorted((ROOT / "config" / "train").glob("*.yaml"))


def test_words_override_the_file_inside_nested_settings_too(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("minutes: 5\noptimiser: {lr: 1e-3, betas: [0.5, 0.99]}\nmodel: {width: 16}\n")
    config = load_config(path, ["batch=4", "minutes=7", "optimiser.name=adam", "model.head_width=8", "loss.weights.depth=2"])
    assert (config.minutes, config.batch, config.seed) == (7.0, 4, TrainConfig(steps=1).seed)
    assert config.optimiser == OptimiserConfig(name="adam", lr=1e-3, betas=(0.5, 0.99))
    assert config.model == {"width": 16, "head_width": 8} and config.loss.weights == {"depth": 2.0}


def test_sources_are_a_list_and_the_last_list_wins(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("steps: 1\nsources:\n- {source: 'renders:a', weight: 2}\n- {source: 'renders:b'}\n")
    assert load_config(path).sources == (SourceConfig("renders:a", weight=2.0), SourceConfig("renders:b"))
    assert load_config(path, ["sources=[{source: renders:c}]"]).sources == (SourceConfig("renders:c"),)


def test_settings_survive_a_checkpoint():
    config = load_config(None, ["steps=3", "sources=[{source: renders:c}]", "augment.zoom=0.5", "targets=[depth]", "model.tasks=[depth]"])
    assert build_settings(TrainConfig, dataclasses.asdict(config)) == config
    assert config.augment == Augmentation(zoom=0.5)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("batches=4", "unknown key 'batches'; did you mean 'batch'"),
        ("optimiser.momentun=1", "unknown key 'optimiser.momentun'; did you mean 'momentum'"),
        ("sources=[{sorce: a}]", r"unknown key 'sources\[0\].sorce'; did you mean 'source'"),
        ("steps=many", "'steps' is 'many'; expected a whole number"),
        ("optimiser.lr=fast", "'optimiser.lr' is 'fast'; expected a number"),
        ("augment.photometric=2", "expected true or false"),
        ("optimiser.betas=[1]", "'optimiser.betas' is .*; expected a list"),
        ("batch=0", "'batch' is 0"),
        ("focal_px=0", "'focal_px' is 0.0; give a focal length"),
        ("validation=-1", "'validation' is -1; give how many"),
        ("depth_range_m=[20, 1]", r"'depth_range_m' is \[20.0, 1.0\]; give the nearest"),
        ("amp=fp15", "did you mean 'fp16'"),
        ("schedule.name=cosin", "did you mean 'cosine'"),
        ("steps", "write key=value"),
        ("sources=[{weight: 1}]", "names no 'source'"),
        ("teacher.weights=a", "'teacher' needs 'weights' and at least one of"),
        ("teacher={weights: a, labels: 2}", "'teacher.labels' is a share of 0 to 1"),
        ("loss=dense", "'loss' is 'dense'; expected keys and values"),
    ],
)
def test_bad_settings_are_refused(word, message):
    with pytest.raises(ConfigError, match=message):
        load_config(None, ["steps=1", word])


def test_a_run_needs_an_end():
    with pytest.raises(ConfigError, match="neither 'steps' nor 'minutes'"):
        load_config(None)


def leaves(values, default):
    """(value, default) of every setting in a file."""
    for key, value in values.items():
        known = default[key] if isinstance(default, dict) and key in default else None
        if isinstance(value, dict) and isinstance(known, dict) and known:
            yield from leaves(value, known)
        else:
            yield key, value, known


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_files_make_a_run_and_hold_only_what_differs(path):
    config = load_config(path)
    alone = dataclasses.replace(config, encoder="", start="", reinitialise=(), teacher=TeacherConfig(), transfer=TransferConfig())
    run = Run(dataclasses.replace(alone, device="cpu", amp="fp32"))
    assert set(run.targets) <= set(run.net.outputs)
    settings = list(leaves(yaml.safe_load(path.read_text()), dataclasses.asdict(TrainConfig(steps=1))))
    assert settings
    for key, value, default in settings:
        assert value != default and (not isinstance(default, float) or float(value) != default), f"{path.name}: {key} is the default"


@pytest.mark.slow
def test_a_network_has_the_classes_of_the_label_space():
    assert Run(TrainConfig(steps=1, label_space="nyud13")).net.config["num_classes"] == 13
    with pytest.raises(ConfigError, match="'model.num_classes' is 5, 'indoor' has 7"):
        Run(TrainConfig(steps=1, model={"num_classes": 5}))
    assert Run(TrainConfig(steps=1)).net.config["num_classes"] == 7
    assert Run(TrainConfig(steps=1, model={"num_classes": 6})).net.config["num_classes"] == 6, "before there was a person"


@pytest.mark.slow
def test_a_recipe_must_fit_the_targets():
    with pytest.raises(ConfigError, match="'mdeas' needs the targets depth"):
        Run(TrainConfig(steps=1, loss=LossConfig("mdeas"), targets=("labels", "foreground")))
    with pytest.raises(ConfigError, match="'mdeas' has no loss for labels, normals"):
        Run(TrainConfig(steps=1, loss=LossConfig("mdeas")))
    with pytest.raises(ConfigError, match="'lraspp' has no loss for depth"):
        Run(TrainConfig(steps=1, arch="hydranet", loss=LossConfig("lraspp")))
    with pytest.raises(ConfigError, match="'dense' compares depth by its logarithm, and this network's can be negative"):
        Run(TrainConfig(steps=1, arch="hydranet"))
    with pytest.raises(ConfigError, match="no term 'dept'; did you mean 'depth'"):
        Run(TrainConfig(steps=1, loss=LossConfig(weights={"dept": 1.0})))
    with pytest.raises(ConfigError, match="'targets' names normal; mtdense as configured has labels, depth, normals, foreground"):
        Run(TrainConfig(steps=1, targets=("normal",)))


def test_a_checkpoint_of_before_has_another_name_for_reinitialise(tmp_path):
    path = tmp_path / "latest.pt"
    Run(load_config(None, ["steps=1", "start=x", "reinitialise=[heads.labels]"])).save(path)
    content = torch.load(path, weights_only=True)
    content["config"] = content["config"].replace('"reinitialise"', '"anew"')
    torch.save(content, path)
    assert restored(path).config.reinitialise == ("heads.labels",)
