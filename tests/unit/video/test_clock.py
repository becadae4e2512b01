from __future__ import annotations

import pytest

from emoclass.video.clock import Clock, Tally


def times(stamps: list[float | None], origin: float = 0.0, step: float = 0.04) -> tuple[list[float | None], Clock]:
    clock = Clock(origin, step)
    return [clock.time_of(stamp) for stamp in stamps], clock


def test_times_count_from_the_origin_without_errors_of_rounding():
    assert times([1.2, 1.6, 7.0], origin=1.2)[0] == [0.0, 0.4, 5.8]


def test_missing_timestamps_follow_at_the_frame_rate():
    assert times([None, None, 0.2, None])[0] == [0.0, 0.04, 0.2, 0.24]


def test_frames_out_of_order_are_left_out():
    found, clock = times([0.0, 0.04, 0.02, 0.04, 0.08])
    assert found == [0.0, 0.04, None, None, 0.08]
    assert (clock.out_of_order.n, clock.out_of_order.first) == (2, 0.04)
    assert clock.restarts.n == 0


@pytest.mark.parametrize("jump", [-5.0, 1e9])
def test_a_clock_that_jumps_goes_on_without_a_gap(jump):
    found, clock = times([10.0, 10.04, 10.08 + jump, 10.12 + jump], origin=10.0)
    assert found == pytest.approx([0.0, 0.04, 0.08, 0.12], abs=1e-5)
    assert (clock.restarts.n, clock.restarts.first) == (1, 0.08)


def test_a_tally_remembers_the_first():
    tally = Tally()
    for time in (0.0, 2.0, 1.0):
        tally.add(time)
    assert (tally.n, tally.first) == (3, 0.0)
