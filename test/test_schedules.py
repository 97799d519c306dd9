"""Schedules as pure functions."""

import pytest

from mtdense_ros.training.schedules import cosine_lr, ema_decay, progress


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
