"""Optimisers, their groups and their rates."""

import pytest
import torch

from mtdense_ros.models import create_model
from mtdense_ros.training.config import OptimiserConfig, ScheduleConfig
from mtdense_ros.training.optimisers import make_optimiser, parameter_groups, rate_at, set_rate

NET = create_model("mtdense", width=16, head_width=8, change_widths=(8, 8, 8, 8))


def test_every_parameter_is_in_one_group_and_encoder_and_biases_are_apart():
    groups = parameter_groups(OptimiserConfig(encoder=0.1, weight_decay=0.5), NET)
    assert sorted(id(p) for group in groups for p in group["params"]) == sorted(id(p) for p in NET.parameters())
    assert [(group["factor"], group["weight_decay"]) for group in groups] == [(0.1, 0.5), (0.1, 0.0), (1.0, 0.5), (1.0, 0.0)]
    assert groups[0]["params"][0] is next(NET.encoder.parameters())
    assert all((p.ndim > 1) == (group["weight_decay"] > 0) for group in groups for p in group["params"])
    assert {group["weight_decay"] for group in parameter_groups(OptimiserConfig(weight_decay=0.5, decay_all=True), NET)} == {0.5}


def test_a_network_without_an_encoder_of_that_name_has_the_decoders_rate_only():
    lone = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 1))
    assert {group["factor"] for group in parameter_groups(OptimiserConfig(encoder=0.1), lone)} == {1.0}


@pytest.mark.parametrize(("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)])
def test_optimisers_by_name(name, kind):
    optimiser = make_optimiser(OptimiserConfig(name=name, encoder=0.1, betas=(0.5, 0.999), momentum=0.8), NET)
    assert type(optimiser) is kind
    assert optimiser.defaults["momentum"] == 0.8 if name == "sgd" else optimiser.defaults["betas"] == (0.5, 0.999)
    set_rate(optimiser, 2.0)
    assert [group["lr"] for group in optimiser.param_groups] == [0.2, 0.2, 2.0, 2.0]


PEAK = OptimiserConfig(lr=1.0)


@pytest.mark.parametrize(
    ("schedule", "step", "share", "rate"),
    [
        (ScheduleConfig("constant", warmup=4), 0, 0.0, 0.25),
        (ScheduleConfig("constant", warmup=4), 50, 0.5, 1.0),
        (ScheduleConfig("cosine", warmup=1), 50, 0.5, 0.01 + 0.99 / 2),
        (ScheduleConfig("poly", warmup=0, power=2.0), 50, 0.5, 0.25),
        (ScheduleConfig("poly", warmup=0), 0, 0.0, 1.0),
        (ScheduleConfig("multistep", warmup=0, milestones=(2, 4)), 19, 0.1, 1.0),
        (ScheduleConfig("multistep", warmup=0, milestones=(2, 4)), 20, 0.1, 0.1),
        (ScheduleConfig("multistep", warmup=0, milestones=(2, 4), steps_per_epoch=5), 20, 0.1, 0.01),
        (ScheduleConfig("cyclic", lr_min=0.5, flat_epochs=1, edge_epochs=2), 9, 0.1, 1.0),
        (ScheduleConfig("cyclic", lr_min=0.5, flat_epochs=1, edge_epochs=2), 10, 0.1, 0.5),
        (ScheduleConfig("cyclic", lr_min=0.5, flat_epochs=1, edge_epochs=2), 20, 0.1, 0.75),
    ],
)
def test_rates_by_hand_with_ten_steps_an_epoch(schedule, step, share, rate):
    assert rate_at(PEAK, schedule, step, share, 10) == pytest.approx(rate)
