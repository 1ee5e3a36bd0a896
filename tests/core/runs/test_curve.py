"""The columns that steps and validations are kept in."""

import math

import numpy as np

from core.runs.curve import COLUMNS, VALIDATION_COLUMNS, StepCurve


def of(*steps):
    curve = StepCurve()
    for step in steps:
        curve.append({"step": step, "epoch": 1, "time": 100.0 + step, "train/loss": 1 / step})
    return curve


def test_a_row_has_what_its_event_says_and_nan_elsewhere():
    curve = of(1, 2)
    assert len(curve) == 2 and curve.column("train/loss").tolist() == [1.0, 0.5]
    assert np.isnan(curve.column("learning_rate")).all()
    assert curve.last() == {name: None for name in COLUMNS} | {"step": 2, "epoch": 1, "time": 102.0, "train/loss": 0.5}


def test_what_is_not_known_is_nan():
    curve = StepCurve(VALIDATION_COLUMNS)
    curve.append({"step": 1, "val/loss": None})
    assert all(math.isnan(curve.column(name)[0]) for name in ("val/loss", "val/accuracy", "images"))


def test_many_rows_at_once_are_those_one_by_one():
    curve, whole = of(1), of(1, 2, 3)
    curve.extend({name: whole.column(name)[1:] for name in COLUMNS})
    assert curve == whole != of(1, 2)


def test_what_came_after_a_step_is_forgotten_and_columns_are_copies():
    curve = of(1, 2, 5)
    curve.column("step")[:] = 0
    curve.forget_after(4)
    assert curve == of(1, 2)
    curve.forget_after(0)
    assert len(curve) == 0 and curve.last() is None
