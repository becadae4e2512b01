"""Smoothing means the same at every frame rate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from emoclass.video.smooth import Smoother


def after(seconds, times, tau=0.5):
    """Return the smoothed value so long after a step from 0 to 1 at time 0; the frames come at these times."""
    smoother = Smoother(tau)
    smoother.update(np.array([0.0, 1.0]), 0.0)
    for time in times:
        if 0 < time <= seconds + 1e-9:
            value = smoother.update(np.array([1.0, 0.0]), time)
    return float(value[0])


@pytest.mark.parametrize("rate", [5, 12.5, 25, 60])
def test_a_step_is_followed_equally_fast_at_every_rate(rate):
    times = [step / rate for step in range(200)]
    for seconds in (0.4, 0.8, 1.6):
        assert after(seconds, times) == pytest.approx(1 - math.exp(-seconds / 0.5), abs=1e-9)


def test_irregular_intervals_end_where_regular_ones_do():
    rng = np.random.default_rng(0)
    times = np.append(np.sort(rng.uniform(0, 1, 17)), 1.0)
    assert after(1.0, times) == pytest.approx(1 - math.exp(-2), abs=1e-9)


def test_without_a_time_constant_nothing_is_smoothed():
    assert after(0.04, [0.04], tau=0) == 1


def test_the_first_value_stays_and_probabilities_go_on_summing_to_one():
    smoother = Smoother(0.3)
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(7), 50)
    assert smoother.update(rows[0], 0.0) == pytest.approx(rows[0])
    for step, row in enumerate(rows[1:], 1):
        value = smoother.update(row, step / 25)
        assert value.sum() == pytest.approx(1) and (value >= 0).all()


def test_noise_is_damped_to_the_same_degree_at_every_rate_of_the_noise():
    """White noise at 25 frames a second, time constant 0.3 s: the deviation falls to about a quarter."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 1, 5000)
    smoother = Smoother(0.3)
    values = [float(smoother.update(np.array([each]), step / 25)[0]) for step, each in enumerate(noise)]
    gain = 1 - math.exp(-1 / 25 / 0.3)
    assert np.std(values[100:]) == pytest.approx(math.sqrt(gain / (2 - gain)), rel=0.1)
    assert np.std(values[100:]) < 0.3
