"""The running mean of the training accuracy."""

import numpy as np
import pytest

from core.runs.running import trailing_mean


def test_a_trailing_mean_weighs_what_came_last():
    values, weights = np.array([0.0, 1.0, 0.5, 1.0]), np.array([1.0, 3.0, 2.0, 2.0])
    assert trailing_mean(values, weights, 4).tolist() == pytest.approx([0, 0.75, 0.8, 0.75])
    assert trailing_mean(values, weights, 1).tolist() == values.tolist(), "at least what was recorded there"
    assert trailing_mean(values, weights, 99)[-1] == pytest.approx(6 / 8)
