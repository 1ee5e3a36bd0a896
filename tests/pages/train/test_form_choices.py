"""What the form says of the devices of this computer."""

import pytest

from core.workers import dispatch
from core.workers.tasks import Task
from pages.components.shell.form_values import STORE
from pages.components.train import form_choices
from pages.components.train.form_choices import MEASUREMENT, free_now, measured_as
from tests.pages.apps import beside, open_app, run, widget
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


DEVICES = "form:training.devices"
FOUND = {"device": "cuda:0", "precision": "bfloat16", "threads": 2, "parameters": 9, "trainable": 9, "epochs": 1}
FOUND |= {"memory_bytes": 9, "seconds_before": 0.0, "seconds_per_epoch": 1.0, "seconds": 1.0}


def opened(app):
    """With the fold that the field lies behind open."""
    widget(app, "form:training.seed")
    return app


def is_offered(app):
    return any(field.key == DEVICES for field in opened(app).number_input)


@pytest.fixture
def devices(monkeypatch):
    def give(number):
        monkeypatch.setenv("TRAINDESK_CPU_DEVICES", str(number))

    return give


def test_several_devices_at_once_are_offered_where_there_are_some(runs_folder, devices):
    devices(1)
    assert not is_offered(open_app("train"))
    devices(2)
    app = opened(open_app("train"))
    assert "says whether more than one pays" in beside(app, DEVICES)
    widget(app, DEVICES).set_value(3)
    run(app)
    assert "Devices at once is 3, but this computer has" in beside(app, DEVICES)
    devices(1)
    assert is_offered(run(app)), "what was chosen can be taken back"


@pytest.mark.parametrize(("times", "said"), [(1.75, "1.8 times as fast as on one."), (1.0, "it does not pay")])
def test_a_measurement_says_beside_the_field_whether_they_pay(runs_folder, devices, times, said):
    devices(2)
    app = opened(open_app("train"))
    config, _ = form_choices.check(app.session_state[STORE])
    found = {"devices": 2, "times_as_fast": times, **FOUND}
    app.session_state[MEASUREMENT] = Task(measured_as(config), found=found, is_over=True)
    assert said in beside(run(app), DEVICES)
