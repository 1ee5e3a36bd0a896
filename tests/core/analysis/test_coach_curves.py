"""What the coach reads of a run's log."""

from core.analysis.coach import advise, curves_of
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import create_run
from tests.helpers import quick_config


def test_a_jump_within_the_epoch_is_told_at_once_and_no_longer_once_the_loss_is_back(tmp_path):
    run = create_run(quick_config(epochs=3, optimizer={"name": "adam", "learning_rate": 0.006}), tmp_path)
    log, history = EventWriter(run.event_log), History(run)
    started = {"train_images": 5000, "val_images": 500, "steps_per_epoch": 100, "total_steps": 300, "epochs": 3}
    log.write("started", **started, class_names=list("0123456789"))

    def said(first, losses):
        for step, loss in enumerate(losses, first):
            log.write("step", epoch=1, step=step, **{"train/loss": loss, "train/accuracy": 0.5, "learning_rate": 0.006})
        return advise(curves_of(history.update(), run.config()))

    assert said(1, [0.9, 0.8, 0.7, 0.6, 0.5, 0.5]) is None
    log.write("learning_rate", step=6, learning_rate=5.0)
    assert said(7, [40.0, 90.0]) is None, "two steps tell nothing"
    advice = said(9, [4260.0, 300.0, 80.0])
    assert advice.sentence == "The loss jumped from 0.6 to 90 when the learning rate became 5."
    assert advice.remedy == "Set it back to 0.006" and advice.learning_rate == 0.006
    log.write("learning_rate", step=11, learning_rate=0.006)
    assert said(12, [2.0, 1.5, 1.0, 0.9, 0.8]) is None
    log.write("learning_rate", step=16, learning_rate=0.003)
    assert said(17, [0.7, 0.9, 0.7, 0.8, 0.7]) is None, "noise is no jump"
    log.close()
