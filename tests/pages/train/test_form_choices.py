"""What the form says of the devices of this computer."""

import pytest

from core.workers import dispatch
from pages.components.train.form_choices import free_now
from tests.pages.apps import beside, open_app
from tests.pages.fake_runs import fake_run


@pytest.mark.parametrize(
    ("gpus", "busy", "said"),
    [
        ((), 0, "Free now: 2 of 2 places on the processor."),
        ((), 2, "No place is free now: it would wait."),
        (("cuda:0", "cuda:1"), 0, "Free now: GPU 0, GPU 1 and 2 of 2 places on the processor."),
        (("cuda:0", "cuda:1"), 1, "Free now: GPU 1 and 2 of 2 places on the processor."),
        (("cuda:0",), 1, "No GPU is free now; 2 of 2 places on the processor."),
    ],
)
def test_which_devices_are_free_stands_under_the_list_of_them(runs_folder, monkeypatch, gpus, busy, said):
    monkeypatch.setattr(dispatch, "gpus", lambda: gpus)
    monkeypatch.setattr(dispatch, "cpu_runs", lambda folder: 2)
    for _ in range(busy):
        fake_run(runs_folder, "starting")
    assert free_now() == said
    assert said in beside(open_app("train"), "form:training.device")
