"""Every network learns, with truths missing; an interrupted run ends like one that was not; what a run leaves behind."""

import dataclasses
import hashlib
import json
import logging
import sys
import types
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from training_data import make_pair, write_set

from mtdense_ros.data.datasets.rendered import sample_of
from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.models import list_models
from mtdense_ros.models.mobilenet_v2 import MobileNetV2
from mtdense_ros.models.mobilenet_v3 import MobileNetV3
from mtdense_ros.training import loop
from mtdense_ros.training.batches import collate
from mtdense_ros.training.config import load_config
from mtdense_ros.training.loop import LATEST, train, train_step
from mtdense_ros.training.provenance import recorded_commit, recorded_start
from mtdense_ros.training.state import Run, changed_settings
from mtdense_ros.training.validation import Scores, improved
from mtdense_ros.weights import load_weights
from mtdense_ros.weights.importers.names import hydranet_encoder_names, numbered_blocks

pytestmark = pytest.mark.slow

SETTINGS = {
    "ffm": ["loss.recipe=ffm", "model.tasks=[labels, depth]"],
    "hydranet": ["loss.recipe=hydranet", "model.tasks=[labels, depth, normals]"],
    "lraspp": ["loss.recipe=lraspp"],
    "mdeas": ["loss.recipe=mdeas", "depth_kind=relative", "optimiser.lr=5e-3"],
    "mtdense": ["optimiser.lr=5e-3", "model={width: 16, head_width: 8, change_widths: [8, 8, 8, 8]}"],
}
SMALL = ["steps=4", "height=64", "width=64", "batch=2", "threads=1", "validation=1", "schedule.warmup=2"]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def rendered(tmp_path):
    return f"sources=[{{source: 'renders:{write_set(tmp_path / 'set')}'}}]"


def config_of(*words, arch="mtdense"):
    return load_config(None, [*SMALL, f"arch={arch}", *SETTINGS[arch], *words])


def relative(sample):
    return replace(sample, depth=sample.depth / 10, background=replace(sample.background, depth=sample.background.depth / 10))


def test_settings_exist_for_every_network():
    assert sorted(SETTINGS) == list_models()


@pytest.mark.parametrize("arch", SETTINGS)
def test_two_samples_are_learnt_by_heart(arch):
    run = Run(config_of("steps=30", "schedule.warmup=3", "seed=1", arch=arch))
    samples = [sample_of(make_pair(seed)) for seed in range(2)]
    batch = collate([relative(s) for s in samples] if arch == "mdeas" else samples, run.layout)
    totals = []
    for _ in range(30):
        terms = train_step(run, batch)
        totals.append(sum(run.recipe.weights.get(name, 0) * float(value) for name, value in terms.items()))
    assert totals[-1] < (0.8 if arch == "mdeas" else 0.5) * totals[0]  # a similarity is slow to rise from nothing


@pytest.mark.parametrize("arch", SETTINGS)
def test_every_head_moves_though_truths_are_missing(arch):
    run = Run(config_of("ema=0", arch=arch))
    one, two = (relative(sample_of(make_pair(seed))) for seed in range(2))
    one = replace(one, depth=None, background=replace(one.background, depth=None, labels=None))
    two = replace(two, labels=None, normals=None, foreground=None)
    before = {key: [p.clone() for p in head.parameters()] for key, head in run.net.heads.items()}
    for _ in range(2):
        terms = train_step(run, collate([one, two], run.layout))
        assert all(torch.isfinite(torch.as_tensor(value)) for value in terms.values())
    for key, head in run.net.heads.items():
        assert any((p != b).any() for p, b in zip(head.parameters(), before[key], strict=True)), key
    for kept, new in zip(run.average.state_dict().values(), run.net.state_dict().values(), strict=True):
        assert torch.equal(kept, new)  # an average without memory


def test_a_target_that_is_missing_everywhere_gives_no_gradient():
    run = Run(config_of("optimiser.weight_decay=0"))
    sample = sample_of(make_pair(0))
    bare = replace(sample, depth=None, foreground=None, background=replace(sample.background, depth=None))
    train_step(run, collate([bare, bare], run.layout))
    for key in ("depth", "foreground"):
        assert all(not p.grad.any() for p in run.net.heads[key].parameters()), key
    assert run.net.heads["labels"][-1].weight.grad.any()


def test_frames_of_sources_without_backgrounds_mix_with_pairs():
    run = Run(config_of())
    pair = sample_of(make_pair(0))
    alone = replace(pair, background=None, foreground=None)
    for samples in ([alone, pair], [alone, alone]):
        assert torch.isfinite(train_step(run, collate(samples, run.layout))["gradient"])


def test_a_step_that_is_skipped_leaves_nothing_behind():
    run = Run(config_of())
    batch = collate([sample_of(make_pair(0))], run.layout)
    train_step(run, batch)
    before = {key: value.clone() for key, value in run.net.state_dict().items()}
    average = {key: value.clone() for key, value in run.average.state_dict().items()}
    weight = next(run.net.encoder.parameters())
    kept = weight.detach().clone()
    with torch.no_grad():
        weight.fill_(torch.inf)  # features, running statistics and gradients all become NaN
    terms = train_step(run, batch)
    with torch.no_grad():
        weight.copy_(kept)
    assert not torch.isfinite(terms["gradient"])
    for net, state in ((run.net, before), (run.average, average)):
        for key, value in net.state_dict().items():
            assert torch.equal(value, state[key]), key


def test_a_folder_of_labelled_pictures_and_renders_train_one_network(tmp_path):
    write_set(tmp_path / "set")
    for index in range(3):
        for kind, picture in (("rgb", np.full((40, 60, 3), 80 * index, np.uint8)), ("ids", np.full((40, 60), 4, np.uint8))):
            (tmp_path / "own" / kind).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "own" / kind / f"{index}.png"), picture)
    (tmp_path / "own" / "dataset.yaml").write_text("{image: rgb/*.png, labels: ids/*.png, label_space: nyud13, licence: own}\n")
    sources = f"sources=[{{source: 'renders:{tmp_path / 'set'}', weight: 1}}, {{source: 'folder:{tmp_path / 'own'}', weight: 3}}]"
    run = train(config_of(sources, "batch=4"), tmp_path / "run")
    assert run.step == 4
    alone = train(config_of(f"sources=[{{source: 'folder:{tmp_path / 'own'}'}}]", "targets=[labels]", "validation=1"), tmp_path / "alone")
    assert set(alone.best) == {"val_mean_iou"}


def test_only_the_chosen_targets_are_trained():
    run = Run(config_of("targets=[labels, foreground]"))
    terms = train_step(run, collate([sample_of(make_pair(seed)) for seed in range(2)], run.layout))
    assert set(terms) == {"labels", "foreground", "gradient", "lr"}
    assert all(p.grad is None for p in run.net.heads["depth"].parameters())


@pytest.mark.parametrize("settings", [["optimiser.name=sgd"], ["schedule.name=cyclic"]], ids=["sgd", "cyclic"])
def test_resumed_run_equals_an_uninterrupted_one_bit_for_bit(rendered, tmp_path, monkeypatch, settings):
    config = config_of(rendered, "checkpoint_minutes=0", "small_until=0.5", "height=128", "width=128", *settings)
    whole = train(config, tmp_path / "whole")
    steps = iter(range(2))

    def interrupted(run, batch):
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return train_step(run, batch)

    monkeypatch.setattr(loop, "train_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(config, tmp_path / "parts")
    monkeypatch.undo()
    parts = train(config, tmp_path / "parts")
    assert parts.step == whole.step == 4 and parts.best == whole.best
    for name in ("net", "average"):
        ours, theirs = (getattr(run, name).state_dict() for run in (parts, whole))
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs), name
    ours, theirs = (run.optimiser.state_dict()["state"] for run in (parts, whole))
    assert all(torch.equal(ours[i][key], theirs[i][key]) for i in theirs for key in theirs[i] if torch.is_tensor(theirs[i][key]))
    assert torch.equal(*(torch.load(tmp_path / folder / LATEST, weights_only=True)["random"] for folder in ("whole", "parts")))
    assert recorded_commit(tmp_path / "parts") == recorded_commit(tmp_path / "whole")


def test_each_evaluation_is_a_line_and_the_best_are_kept(rendered, tmp_path):
    train(config_of(rendered, "steps=2", "checkpoint_minutes=0"), tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2]
    assert {"val_mean_iou", "val_abs_rel", "val_normals_deg", "val_foreground_iou"} < set(lines[0])
    assert {path.name for path in (tmp_path / "run").glob("*.pt")} >= {LATEST, "best-depth.pt", "best-mask.pt"}
    kept = torch.load(tmp_path / "run" / "best-depth.pt", weights_only=True)
    assert kept["step"] == 1 + int(lines[1]["val_abs_rel"] < lines[0]["val_abs_rel"])


def test_relative_depth_and_its_mask_are_compared_by_structure():
    run = Run(config_of(arch="mdeas"))
    truth = {key: np.random.default_rng(0).random((16, 16), np.float32) for key in ("depth", "foreground")}
    logits = np.log(truth["foreground"] / (1 - truth["foreground"]))
    for wrong, due in ((0, pytest.approx(1, abs=1e-4)), (1, pytest.approx(0, abs=0.3))):
        scores = Scores(run)
        scores.update({"depth": np.roll(truth["depth"], wrong)[None], "foreground": np.roll(logits, wrong)[None]}, truth)
        assert scores.result() == {"val_depth_ssim": due, "val_foreground_iou": pytest.approx(1 - wrong, abs=0.5), "val_mask_ssim": due}
    assert all(np.isnan(value) for value in Scores(run).result().values())


def test_best_means_more_or_less_as_the_score_asks():
    best = {}
    assert improved(best, {"val_abs_rel": 0.5, "val_mean_iou": 0.2, "val_normals_deg": 9.0}) == ["best-depth.pt", "best-labels.pt"]
    assert improved(best, {"val_abs_rel": 0.6, "val_mean_iou": 0.3}) == ["best-labels.pt"]
    assert improved(best, {"val_abs_rel": 0.4, "val_mean_iou": float("nan")}) == ["best-depth.pt"]
    assert best == {"val_abs_rel": 0.4, "val_mean_iou": 0.3}


def test_curves_and_pictures_go_to_tensorboard_where_there_is_one(rendered, tmp_path, monkeypatch):
    seen = []

    class Writer:
        def __init__(self, folder):
            seen.append(("open", folder))

        def add_scalar(self, name, value, step):
            seen.append((name, step))

        def add_image(self, name, picture, step, dataformats):
            seen.append((name, picture.shape, dataformats))

        def close(self):
            seen.append("closed")

    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", types.SimpleNamespace(SummaryWriter=Writer))
    train(config_of(rendered, "steps=1"), tmp_path / "run")
    assert seen[0] == ("open", str(tmp_path / "run" / "tensorboard")) and seen[-1] == "closed"
    assert ("validation/val_abs_rel", 1) in seen and ("validation/first", (128, 320, 3), "HWC") in seen  # a frame and four outputs


def test_without_tensorboard_the_log_says_so_once(rendered, tmp_path, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with caplog.at_level(logging.INFO):
        train(config_of(rendered, "steps=1"), tmp_path / "run")
    assert sum("no TensorBoard" in message for message in caplog.messages) == 1


def test_another_networks_checkpoint_is_refused(rendered, tmp_path):
    train(config_of(rendered, "steps=1"), tmp_path / "run")
    with pytest.raises(WeightsError, match="is not a checkpoint of this training"):
        train(config_of(rendered, arch="lraspp"), tmp_path / "run")
    (tmp_path / "run" / LATEST).write_bytes(b"no checkpoint")
    with pytest.raises(WeightsError, match=f"{LATEST}"):
        train(config_of(rendered), tmp_path / "run")


def test_half_precision_by_device():
    run = Run(config_of("amp=bf16"))
    assert torch.isfinite(train_step(run, collate([sample_of(make_pair(0))] * 2, run.layout))["gradient"])
    with pytest.raises(ConfigError, match="'amp' is fp16, which needs a GPU"):
        Run(config_of("amp=fp16"))


def test_a_scaled_loss_takes_the_same_step():
    plain, scaled = (Run(config_of()) for _ in range(2))
    scaled.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)  # what fp16 works with
    batch = collate([sample_of(make_pair(seed)) for seed in range(2)], plain.layout)
    norms = [train_step(run, batch)["gradient"] for run in (plain, scaled)]
    torch.testing.assert_close(*norms)
    for ours, theirs in zip(scaled.net.parameters(), plain.net.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_a_run_that_goes_on_with_other_settings_says_so(tmp_path, caplog):
    Run(config_of()).save(tmp_path / LATEST)
    Run(config_of("steps=9", "amp=bf16", "threads=2")).load(tmp_path / LATEST)
    assert not caplog.messages
    Run(config_of("batch=4", "optimiser.lr=1e-3")).load(tmp_path / LATEST)
    assert caplog.messages == [f"{tmp_path / LATEST}: goes on with another batch, optimiser than it was begun with"]


def test_settings_that_a_checkpoint_is_too_old_for_count_as_their_defaults():
    config = config_of("sources=[{source: a}]")
    before = json.loads(json.dumps(dataclasses.asdict(config)))
    del before["sources"][0]["keep"], before["teacher"]
    assert changed_settings({**before, "gone": 1, "steps": 9}, config) == []
    other = config_of("sources=[{source: a, fill: b}]", "teacher={weights: c, labels: 0.5}")
    assert changed_settings(before, other) == ["sources", "teacher"]


def test_a_run_may_go_on_in_half_precision(tmp_path):
    Run(config_of()).save(tmp_path / LATEST)
    run = Run(config_of())
    run.scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    run.load(tmp_path / LATEST)
    assert run.scaler.get_scale() == 1024.0


@pytest.fixture
def imagenet(tmp_path):
    """A MobileNetV2 by the HydraNet authors' names, and its file."""
    torch.manual_seed(5)
    state = MobileNetV2().state_dict()
    names = hydranet_encoder_names(state)
    torch.save({names[name]: value for name, value in state.items()}, tmp_path / "imagenet.pth")
    return state, tmp_path / "imagenet.pth"


def test_a_run_starts_from_an_imagenet_encoder(rendered, tmp_path, imagenet):
    state, path = imagenet
    config = config_of(rendered, "steps=1", "optimiser.lr=0", f"encoder={path}")
    run = train(config, tmp_path / "run")
    for name, value in run.net.encoder.named_parameters():
        assert torch.equal(value, state[name]), name
    assert torch.equal(run.average.encoder.layer8[0].project[0].weight, state["layer8.0.project.0.weight"])
    entry = recorded_start(tmp_path / "run")
    assert (entry["file"], entry["sha256"]) == ("imagenet.pth", hashlib.sha256(path.read_bytes()).hexdigest())
    path.unlink()  # a continued run has its weights already
    assert train(replace(config, steps=2), tmp_path / "run").step == 2


def test_a_run_starts_from_weights_of_this_package(rendered, tmp_path, make_random_weights):
    path = make_random_weights("mtdense")
    config = config_of(rendered, "steps=1", "optimiser.lr=0", f"start={path}")
    run = train(config, tmp_path / "run")
    due = load_weights(path)[0]
    for net in (run.net, run.average):
        found = dict(net.named_parameters())
        assert found["heads.labels.4.weight"].shape[0] == 7 and found["heads.labels.4.weight"][6].abs().sum() > 0
        assert all(torch.equal(value, found[name][: len(value)]) for name, value in due.named_parameters()), "the person's row is new"
    start = recorded_start(tmp_path / "run")
    assert (start["file"], start["data"], start["licence"]) == ("random_mtdense.safetensors", ["random numbers"], "CC0-1.0")
    with pytest.raises(WeightsError, match="'start' is .*, which is another network"):
        train(config_of(rendered, f"start={path}", arch="ffm"), tmp_path / "other")
    with pytest.raises(ConfigError, match="both 'encoder' and 'start'"):
        config_of("encoder=a", "start=b")


def test_what_differs_from_the_weights_that_a_run_starts_from_begins_anew(rendered, tmp_path, make_random_weights):
    path = make_random_weights("mtdense")
    words = ("steps=1", "optimiser.lr=0", f"start={path}", "model={width: 16, head_width: 8, change_widths: [8, 8, 8, 12]}")
    names = ("enlarge.2", "compare.3", "norm.3", "refine.3", "predict")
    run = train(config_of(rendered, *words, f"anew=[{', '.join(f'heads.foreground.{name}' for name in names)}]"), tmp_path / "run")
    due, net, average = (dict(each.named_parameters()) for each in (load_weights(path)[0], run.net, run.average))
    for name, value in due.items():
        if not any(f"heads.foreground.{each}." in name for each in names):
            assert torch.equal(value, net[name][: len(value)]) and torch.equal(value, average[name][: len(value)]), name
    assert net["heads.foreground.predict.weight"].shape[1] == 12
    with pytest.raises(WeightsError, match="which is another network .*entry 'heads.foreground.compare.3.*or what differs in 'anew'"):
        train(config_of(rendered, *words), tmp_path / "other")
    with pytest.raises(ConfigError, match="'anew' names heads.mask, which no module is called"):
        train(config_of(rendered, *words, "anew=[heads.mask]"), tmp_path / "other")
    with pytest.raises(ConfigError, match="there is no 'start'"):
        config_of(rendered, "anew=[decoder]")


def test_an_encoder_comes_from_weights_of_this_package(rendered, tmp_path, make_random_weights):
    path = make_random_weights("mtdense")
    run = train(config_of(rendered, "steps=1", "optimiser.lr=0", f"encoder={path}", arch="hydranet"), tmp_path / "run")
    due = dict(load_weights(path)[0].encoder.named_parameters())
    assert all(torch.equal(value, due[name]) for name, value in run.net.encoder.named_parameters())
    assert recorded_start(tmp_path / "run")["licence"] == "CC0-1.0"
    with pytest.raises(WeightsError, match="'encoder' is .*random_mtdense.safetensors, which is another one"):
        train(config_of(rendered, f"encoder={path}", arch="ffm"), tmp_path / "other")


def test_an_encoder_that_does_not_fit_starts_nothing(rendered, tmp_path):
    torch.save({"features.0.0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    for arch, error, message in (
        ("mtdense", WeightsError, "mobilenet_v2 checkpoint: entry 'features.0.0.weight' is"),
        ("ffm", WeightsError, "mobilenet_v3_small"),
        ("mdeas", ConfigError, "Mdeas has no encoder of an ImageNet classifier"),
    ):
        with pytest.raises(error, match=message):
            train(config_of(rendered, f"encoder={tmp_path / 'other.pth'}", arch=arch), tmp_path / "run")
    full = MobileNetV3("large").state_dict()
    names = numbered_blocks(full, "features.")
    torch.save({names[name]: value for name, value in full.items()}, tmp_path / "full.pth")
    with pytest.raises(WeightsError, match="'encoder' is .*full.pth, which is another one"):
        train(config_of(rendered, f"encoder={tmp_path / 'full.pth'}", "model.reduced_tail=true", arch="lraspp"), tmp_path / "run")
    with pytest.raises(ConfigError, match="no 'sources'"):
        train(config_of(), tmp_path / "run")
    assert not (tmp_path / "run").exists()
