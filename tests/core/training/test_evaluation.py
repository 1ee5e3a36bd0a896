"""A network measured on a split."""

import numpy as np
import pytest
import torch

from core.training.build import begin
from core.training.evaluation import Measuring, drained, evaluate
from core.training.loop import Epoch
from tests.core.training.test_loop import same_weights
from tests.core.training.trained import CPU, run, splits_of
from tests.helpers import quick_config


@pytest.fixture(scope="module")
def data():
    return quick_config().dataset.load(None)


def test_the_average_is_what_is_judged(data):
    config = quick_config(epochs=2, training={"average_decay": 0.99}, optimizer={"name": "sgd", "learning_rate": 0.3})
    state, happened, splits = run(config, data)
    assert state.eval_model is state.average.model is not state.model
    last = [h for h in happened if isinstance(h, Epoch)][-1].metrics
    averaged, current = (
        drained(evaluate(model, splits.val, config.loss, 250)).loss for model in (state.eval_model, state.model)
    )
    assert last["val/loss"] == averaged != current
    plain_state, _, _ = run(quick_config(epochs=2, optimizer={"name": "sgd", "learning_rate": 0.3}), data)
    assert same_weights(state, plain_state), "averaging changes nothing about the training itself"
    assert plain_state.eval_model is plain_state.model


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
@pytest.mark.parametrize("batch_size", [1, 7, 360, 1000])
def test_evaluate_is_a_plain_loop_over_the_images(batch_size, loss, data):
    config = quick_config(loss=loss)
    splits = splits_of(config, data)
    model = begin(config, splits, CPU, None).model.eval()
    measuring = evaluate(model, splits.test, config.loss, batch_size)
    done = []
    while True:
        try:
            done.append(next(measuring))
        except StopIteration as end:
            evaluation = end.value
            break
    confusion, losses = np.zeros((10, 10), dtype=int), []
    with torch.no_grad():
        for index in range(len(splits.test)):
            inputs, labels = splits.test.slice(index, index + 1)
            logits = model(inputs)
            losses.append(config.loss.measure(logits, labels).item())
            confusion[labels.item(), logits.argmax().item()] += 1
    assert np.array_equal(evaluation.confusion, confusion)
    assert evaluation.loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert evaluation.accuracy == np.trace(confusion) / 360
    assert done[-1] == Measuring(360, 360)
    assert len(done) == -(-360 // batch_size)
