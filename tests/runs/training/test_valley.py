"""SWAD's valley against its algorithm, written down on lists of losses."""

from __future__ import annotations

import itertools

import pytest
import torch

from hitclr.runs.training.valley import LossValley, Segment, joined


def segment(number, loss, steps=1):
    """The weight after evaluation ``number`` is that number."""
    state = {"w": torch.tensor(float(number)), "n": torch.tensor(number)}
    return Segment(number, number, steps, loss, state)


def run(losses, converge=3, overfit=2, tolerance=1.3, steps=None):
    valley = LossValley(converge, overfit, tolerance)
    for number, loss in enumerate(losses):
        valley.add(segment(number, loss, steps[number] if steps else 1))
        if valley.ended:
            break
    return valley


def algorithm(losses, converge, overfit, tolerance):
    """First and last evaluation of the average, as the paper's algorithm 1 finds them."""
    begin, end, level = None, len(losses) - 1, None
    for i in range(len(losses)):
        if level is None:
            recent = losses[max(0, i - converge + 1) : i + 1]
            if len(recent) == converge and recent[0] == min(recent):
                begin = i - converge + 1
                level = tolerance * sum(recent) / converge
        elif min(losses[max(0, i - overfit + 1) : i + 1]) > level:
            end = i - overfit
            break
    return begin, end


@pytest.mark.parametrize(("converge", "overfit"), [(1, 1), (2, 1), (3, 2), (2, 4), (4, 2), (3, 3)])
def test_it_is_the_papers_algorithm(converge, overfit):
    levels = (1.0, 1.3, 1.9)
    for losses in itertools.product(levels, repeat=7):
        begin, end = algorithm(losses, converge, overfit, 1.2)
        found = run(losses, converge, overfit, 1.2).average()
        if begin is None:
            begin = end = 6
        assert (found.first, found.last) == (begin, end), losses
        assert float(found.state["w"]) == pytest.approx((begin + end) / 2)
        assert int(found.state["n"]) == end
        assert found.steps == end - begin + 1


def test_a_valley_step_by_step():
    # The loss at 2 is not undercut by those at 3 and 4; 1.3 times their mean is 1.473; the first
    # two above it in a row are 6 and 7.
    losses = [3.0, 2.0, 1.0, 1.1, 1.3, 1.2, 1.6, 1.8, 9.0]
    valley = run(losses)
    assert valley.ended
    assert valley.threshold == pytest.approx(1.3 * 3.4 / 3)
    average = valley.average()
    assert (average.first, average.last, average.steps) == (2, 5, 4)


def test_a_loss_that_falls_all_the_time_gives_the_last_segment():
    valley = run([5.0, 4.0, 3.0, 2.0])
    assert valley.threshold is None
    assert (valley.average().first, valley.average().last) == (3, 3)
    assert LossValley(3, 2, 1.3).average() is None


def test_the_mean_is_over_steps_and_not_over_epochs():
    average = run([1.0, 1.0, 1.0, 1.0], steps=[1, 2, 3, 10]).average()
    assert float(average.state["w"]) == pytest.approx((0 * 1 + 1 * 2 + 2 * 3 + 3 * 10) / 16)
    assert average.steps == 16


def test_negative_losses_have_a_threshold_above_them():
    assert run([-1.0, -0.9, -0.8], tolerance=1.5).threshold == pytest.approx(-0.9 + 0.45)


def test_what_is_the_same_in_both_stays_to_the_last_bit():
    value = torch.tensor([0.1, 1 / 3, 1e-30])
    one = Segment(0, 0, 3, 1.0, {"a": value})
    both = joined(one, Segment(1, 1, 7, 1.0, {"a": value.clone()}))
    assert torch.equal(both.state["a"], value)


@pytest.mark.parametrize("cut", range(9))
def test_it_goes_on_from_its_state(cut, tmp_path):
    losses = [3.0, 2.0, 1.0, 1.1, 1.3, 1.2, 1.6, 1.8, 1.0]
    whole = run(losses)
    first = LossValley(3, 2, 1.3)
    for number in range(cut):
        first.add(segment(number, losses[number]))
    torch.save(first.state_dict(), tmp_path / "state")
    second = LossValley(3, 2, 1.3)
    second.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    for number in range(cut, len(losses)):
        second.add(segment(number, losses[number]))
    assert (second.ended, second.threshold) == (whole.ended, whole.threshold)
    assert second.average() == whole.average()
