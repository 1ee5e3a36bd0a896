"""What a run's page hands on: its metrics to other programs."""

import pytest

from core.errors import TrainDeskError
from pages.components.run import manage
from tests.pages.apps import open_app, run, sentence, words


@pytest.fixture
def sent(monkeypatch):
    """What MLflow would have got; without starting it, which core's own test does."""
    calls = []
    monkeypatch.setattr(manage, "to_mlflow", lambda run, place: calls.append((run.id, place)))
    return calls


def ask_mlflow(app, shown, place):
    app.text_input(f"mlflow place {shown.id}").set_value(place)
    app.form_submit_button(key=f"to mlflow {shown.id}").click()
    return run(app)


def test_metrics_go_to_the_mlflow_that_is_named(shown, sent, monkeypatch):
    app = ask_mlflow(open_app("run", run=shown.id), shown, " /elsewhere/mlflow ")
    assert sent == [(shown.id, "/elsewhere/mlflow")]
    assert "It is in MLflow now" in words(app)
    assert any(code.value == "mlflow ui --backend-store-uri sqlite:////elsewhere/mlflow/mlflow.db" for code in app.code)

    def refuse(*_):
        raise TrainDeskError("Nobody answers at that address.")

    app = ask_mlflow(app, shown, " ")
    assert sent == [(shown.id, "/elsewhere/mlflow")]
    assert [sentence(error) for error in app.error] == [
        "MLflow's place is empty; type a folder, or the address of a server."
    ]
    monkeypatch.setattr(manage, "to_mlflow", refuse)
    app = ask_mlflow(app, shown, "http://nobody")
    assert "It is in MLflow now" not in words(app)
    assert [sentence(error) for error in app.error] == ["Nobody answers at that address."]
