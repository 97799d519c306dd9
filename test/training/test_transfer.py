"""What a training keeps of the encoder that it started from."""

import dataclasses

import pytest
import torch
from training_data import make_pair, write_set
from wheels import saved, write_wheel

from mtdense_ros.data.datasets.rendered import sample_of
from mtdense_ros.errors import ConfigError
from mtdense_ros.models.efficientnet_lite import EfficientNetLite
from mtdense_ros.training import export
from mtdense_ros.training.batches import collate
from mtdense_ros.training.config import load_config
from mtdense_ros.training.loop import LATEST, train, train_step
from mtdense_ros.training.state import Run, restored
from mtdense_ros.training.transfer import FEATURE_DISTANCE, encoder_stages
from mtdense_ros.weights import load_weights
from mtdense_ros.weights.importers.names import efficientnet_lite_names

SMALL = ["steps=4", "height=64", "width=64", "batch=2", "threads=1", "validation=1", "schedule.warmup=1", "optimiser.lr=1e-2"]
MODEL = "width: 16, head_width: 8, change_widths: [8, 8, 8, 8]"


@pytest.fixture
def run_of(make_random_weights):
    """run_of(*settings) -> a run of a small mtdense that has started from weights."""

    def make(*settings):
        start = make_random_weights("mtdense")
        run = Run(load_config(None, [*SMALL, f"model={{{MODEL}}}", f"start={start}", *settings]))
        run.continue_from(start)
        return run

    return make


def step(run):
    return train_step(run, collate([sample_of(make_pair(seed)) for seed in range(2)], run.layout))


def entries(run):
    return {name: value.clone() for name, value in run.net.encoder.state_dict().items()}


def changed(before, after):
    return {name for name, value in before.items() if not torch.equal(value, after[name])}


def test_frozen_stages_neither_learn_nor_gather_statistics(run_of):
    run = run_of("transfer.frozen_stages=3")
    before = entries(run)
    step(run)
    moved = changed(before, entries(run))
    assert not any(name.startswith(("layer1.", "layer2.", "layer3.")) for name in moved)
    assert {"layer4.0.expand.0.weight", "layer4.0.expand.1.running_mean"} <= moved


def test_frozen_norms_keep_statistics_and_factors_while_kernels_learn(run_of):
    run = run_of("transfer.frozen_norms=true")
    before = entries(run)
    step(run)
    moved = changed(before, entries(run))
    assert moved and all(before[name].ndim == 4 for name in moved) and "layer8.0.project.0.weight" in moved
    assert run.net.decoder.norm["stride4"].training


def test_the_distance_is_worked_out_by_hand_and_pulls_back(run_of):
    run = run_of("transfer={feature_distance: 2, frozen_norms: true}")
    assert run.recipe.weights[FEATURE_DISTANCE] == 2
    images = torch.randn(1, 3, 64, 64)
    run.net.eval()
    run.net(images)
    assert run.distance.term(images).item() == pytest.approx(0, abs=1e-8)
    with torch.no_grad():
        run.net.encoder.layer8[0].project[1].bias += 1
        original = run.distance._original(images)[-1]
        run.net(images)
    share = original.numel() / original.square().sum()  # one more in each value of one of the seven maps
    found = run.distance.term(images)
    assert found.item() == pytest.approx(share.item() / 7, rel=1e-4)
    terms = step(run)
    assert terms[FEATURE_DISTANCE].item() > 0 and torch.isfinite(terms["gradient"])


def test_the_original_survives_an_interruption(make_random_weights, tmp_path):
    sources = f"sources=[{{source: 'renders:{write_set(tmp_path / 'set')}'}}]"
    start = make_random_weights("mtdense")
    config = load_config(None, [*SMALL, f"model={{{MODEL}}}", f"start={start}", "transfer.feature_distance=1", sources])
    train(config, tmp_path / "run")
    due = load_weights(start)[0].encoder.state_dict()
    run = restored(tmp_path / "run" / LATEST)
    assert all(torch.equal(value, due[name]) for name, value in run.distance.state().items())
    assert changed(due, run.net.encoder.state_dict())
    Run(dataclasses.replace(config, device="cpu")).load(tmp_path / "run" / LATEST)


def test_what_cannot_be_kept_is_refused(make_random_weights):
    with pytest.raises(ConfigError, match="neither 'encoder' nor 'start' gives one"):
        load_config(None, ["steps=1", "transfer.frozen_norms=true"])
    with pytest.raises(ConfigError, match="0 or more"):
        load_config(None, ["steps=1", "transfer.frozen_stages=-1"])
    start = make_random_weights("mtdense")
    with pytest.raises(ConfigError, match="'transfer.frozen_stages' is 9, the encoder has 8"):
        Run(load_config(None, ["steps=1", f"start={start}", "transfer.frozen_stages=9"]))
    with pytest.raises(ConfigError, match="Mdeas has no encoder of an ImageNet classifier"):
        Run(load_config(None, ["steps=1", "arch=mdeas", "loss.recipe=mdeas", f"start={start}", "transfer.frozen_norms=true"]))


def test_every_encoder_of_imagenet_has_stages():
    for words, count in (([], 8), (["model.backbone=efficientnet_lite1"], 8), (["arch=lraspp", "loss.recipe=lraspp"], 17)):
        assert len(encoder_stages(Run(load_config(None, ["steps=1", *words])).net)) == count


def test_weights_of_an_encoder_in_a_wheel_say_where_it_comes_from(tmp_path):
    """No question of a licence is asked for MIT, and the card lists package, version, checksum, licence and ImageNet."""
    torch.manual_seed(0)
    encoder = EfficientNetLite("lite0").state_dict()
    names = efficientnet_lite_names(encoder)
    wheel = write_wheel(tmp_path / "some_model-0.1.0-py3-none-any.whl", {"m/lite0.pth": saved({names[k]: v for k, v in encoder.items()})})
    sources = f"sources=[{{source: 'renders:{write_set(tmp_path / 'set')}'}}]"
    words = [*SMALL, "optimiser.lr=0", f"encoder={wheel}", f"model={{backbone: efficientnet_lite0, {MODEL}}}", sources]
    run = train(load_config(None, words), tmp_path / "run")
    assert torch.equal(run.net.encoder.layer5[0].expand[0].weight, encoder["layer5.0.expand.0.weight"])
    export.main([str(tmp_path / "run"), "--weights", str(tmp_path / "made")])
    net, card = load_weights(tmp_path / "made.safetensors")
    assert net.config["backbone"] == "efficientnet_lite0" and card.input.mean == (127 / 255,) * 3 and card.input.std == (128 / 255,) * 3
    (origin,) = [entry for entry in card.data if "package" in entry]
    assert [origin[key] for key in ("package", "version", "licence")] == ["some-model", "0.1.0", "MIT"]
    assert origin["checkpoint"]["file"] == "m/lite0.pth"
    assert len(origin["checkpoint"]["sha256"]) == len(origin["sha256"]) == 64 and origin["trained_on"].startswith("ImageNet")
    assert card.licence == "Apache-2.0" and "some-model 0.1.0 (MIT)" in card.attribution
