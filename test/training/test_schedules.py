"""Schedules as pure functions."""

import pytest
import torch

from mtdense_ros.training.schedules import cosine_lr, cyclic_lr, ema_decay, multistep_lr, poly_lr, progress


def test_progress_follows_the_further_limit():
    assert progress(25, 100, 0, 0) == 0.25
    assert progress(25, 100, 30, 1) == 0.5
    assert progress(5, 0, 120, 1) == 1.0


def test_cosine_with_warmup():
    assert cosine_lr(0.0, 1.0, step=0, warmup=10) == pytest.approx(0.1)
    assert cosine_lr(0.0, 1.0, step=9, warmup=10) == pytest.approx(1.0)
    assert cosine_lr(0.5, 1.0, step=100, warmup=10) == pytest.approx(0.01 + 0.99 / 2)
    assert cosine_lr(1.0, 1.0, step=100, warmup=10) == pytest.approx(0.01)


def test_average_forgets_its_start():
    assert ema_decay(0, 0.998) == pytest.approx(0.1)
    assert ema_decay(10**6, 0.998) == 0.998


MDEAS = {"steps_per_epoch": 100, "lr_min": 1e-5, "lr_max": 1e-3, "warmup": 5, "edge": 5, "cycles": 3}


@pytest.mark.parametrize(
    ("epoch", "rate"),
    [
        (0, 1e-3), (4.99, 1e-3),  # constant
        (5, 1e-5), (7.5, 5.05e-4), (10, 1e-3), (12.5, 5.05e-4), (15, 1e-5), (20, 1e-3), (30, 1e-3),  # three triangles
        (34.99, 1e-5 + 9.9e-4 * 0.002),
        (35, 1e-4), (39.99, 1e-4), (40, 1e-5), (45, 1e-6),  # a tenth per edge
    ],
)  # fmt: skip
def test_cyclic_rate_of_mdeas(epoch, rate):
    assert cyclic_lr(round(epoch * 100), **MDEAS) == pytest.approx(rate, rel=1e-9)


def test_cyclic_rate_without_warmup_and_with_a_part_of_a_step_per_epoch():
    """The second phase: 2 cycles of 2 x 3 epochs; 10000 * .7 / 96 steps an epoch."""
    rates = [cyclic_lr(epoch * 7000 / 96, 7000 / 96, 5e-5, 5e-3, warmup=0, edge=3, cycles=2) for epoch in (0, 3, 6, 9, 12, 15)]
    assert rates == pytest.approx([5e-5, 5e-3, 5e-5, 5e-3, 5e-4, 5e-5])


def test_poly_rate_after_a_linear_rise():
    rates = [poly_lr(step, 110, 2.0, warmup=10) for step in (0, 5, 10, 60, 110, 120)]
    assert rates == pytest.approx([0.002, 2 * 0.5005, 2.0, 2 * 0.5**0.9, 0.0, 0.0])
    assert poly_lr(0, 100, 2.0) == 2.0


def test_poly_rate_agrees_with_torch():
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.01)
    scheduler = torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=7, power=0.9)
    for step in range(9):
        assert poly_lr(step, 7, 0.01) == pytest.approx(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()


def test_multistep_rate_of_hydranet():
    milestones = range(1, 1000, 100)
    rates = [multistep_lr(epoch, 1e-2, milestones) for epoch in (0, 1, 100, 101, 201)]
    assert rates == pytest.approx([1e-2, 1e-3, 1e-3, 1e-4, 1e-5])
