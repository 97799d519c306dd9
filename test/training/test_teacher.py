"""What a student learns from a teacher, and when it cannot."""

import math

import pytest
import torch
from training_data import make_pair, write_set

from mtdense_ros.data.datasets.rendered import sample_of
from mtdense_ros.errors import ConfigError
from mtdense_ros.training.batches import collate
from mtdense_ros.training.config import load_config
from mtdense_ros.training.export import card_fields
from mtdense_ros.training.loop import train_step
from mtdense_ros.training.state import Run
from mtdense_ros.weights import load_weights

pytestmark = pytest.mark.slow

FFM = {"num_classes": 7, "tasks": ("labels", "depth")}


@pytest.fixture
def run_of(make_random_weights):
    """run_of(*settings, **fields) -> a run of a small ffm with a larger one, of these card fields, as its teacher; and that one's file."""

    def make(*settings, config=None, **fields):
        teacher = make_random_weights("ffm", {**FFM, "backbone": "large", "widths": (32, 24, 16, 16, 16), **(config or {})}, **fields)
        words = ["arch=ffm", "loss.recipe=ffm", "model.tasks=[labels, depth]", "steps=30", f"teacher.weights={teacher}", *settings]
        return Run(load_config(None, words)), teacher

    return make


def batch_of(run):
    return collate([sample_of(make_pair(seed)) for seed in range(2)], run.layout)


@pytest.mark.parametrize(("name", "setting"), [("features", "teacher.features=1"), ("soft_labels", "teacher={labels: 1, temperature: 2}")])
def test_the_student_comes_nearer_to_the_teacher_which_stays_as_it_is(run_of, name, setting):
    run, teacher = run_of(setting, "loss.weights.depth=0", "schedule.warmup=1", "optimiser.lr=1e-2", "clip=0")
    terms = [train_step(run, batch_of(run))[name] for _ in range(20)]
    assert terms[-1] < 0.98 * terms[0]
    kept, due = run.teacher._net, load_weights(teacher)[0]
    assert all(torch.equal(value, kept.state_dict()[name]) for name, value in due.state_dict().items())


def test_soft_labels_take_their_share_of_the_labels_weight(run_of):
    run, _ = run_of("teacher={features: 3, labels: 0.75}", "loss.weights.labels=2")
    assert run.recipe.weights == {"labels": 0.5, "soft_labels": 1.5, "depth": 1.0, "normals": 1.0, "features": 3.0}


def test_features_are_taken_before_the_activation(run_of):
    run, _ = run_of("teacher.features=1")
    train_step(run, batch_of(run))
    ours, theirs = (tap.value for tap in run.teacher._taps)
    assert ours.shape == theirs.shape and ours.min() < 0 and theirs.min() < 0
    assert ours.requires_grad and not theirs.requires_grad


def test_a_teacher_that_agrees_teaches_nothing(make_random_weights):
    path = make_random_weights("ffm", FFM)
    run = Run(load_config(None, ["arch=ffm", "loss.recipe=ffm", "steps=1", "model.tasks=[labels, depth]", f"teacher.weights={path}",
                                 "teacher.labels=1", "teacher.features=1", f"start={path}"]))
    run.continue_from(path)
    run.net.eval()
    images = batch_of(run).images
    raw = run.net((images.float() / 255 - torch.tensor([0.485, 0.456, 0.406])).div(torch.tensor([0.229, 0.224, 0.225])).permute(0, 3, 1, 2))
    lesson = run.teacher.lesson(images, raw)
    assert lesson["soft_labels"].item() == pytest.approx(0, abs=1e-5) and lesson["features"].item() == pytest.approx(0, abs=1e-6)
    assert math.isfinite(lesson["features"].item())


def test_the_card_names_the_teacher(run_of, tmp_path):
    run, teacher = run_of("teacher.features=1", f"sources=[{{source: 'renders:{write_set(tmp_path / 'set')}'}}]", "validation=1")
    with pytest.raises(ConfigError, match="teacher: random_ffm: CC0-1.0"):
        card_fields(run, tmp_path)
    entry = card_fields(run, tmp_path, licence="CC0-1.0")["data"][-1]
    assert entry == {"name": "teacher: random_ffm", "sha256": load_weights(teacher)[1].sha256, "licence": "CC0-1.0"}


def test_a_student_must_be_able_to_learn_from_its_teacher(run_of):
    with pytest.raises(ConfigError, match="knows 'indoor', the training 'nyud13'"):
        run_of("teacher.labels=0.5", "label_space=nyud13")
    with pytest.raises(ConfigError, match="'teacher.labels' needs labels of both"):
        run_of("teacher.labels=0.5", config={"tasks": ("depth",)}, label_space=None)
    with pytest.raises(ConfigError, match="'teacher.labels' needs labels of both networks, and among the targets"):
        run_of("teacher.labels=0.5", "targets=[depth]")
    with pytest.raises(ConfigError, match="'teacher.features' is for ffm as student and teacher, found HydraNet"):
        run_of("teacher.features=1", "arch=hydranet", "loss.recipe=hydranet")
