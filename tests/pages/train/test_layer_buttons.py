"""Layers by + and - beside the drawing of the network: the form's field follows, and what cannot be says why."""

import pytest

from pages.components.train import network_view
from tests.pages.apps import open_app, press, run, widget


@pytest.fixture
def opened(runs_folder, monkeypatch):
    """The form of a recipe with the fold of its network open; the layers themselves are not asked for."""
    monkeypatch.setattr(network_view, "describe", lambda config: (None, "Not now."))

    def open_recipe(name):
        app = open_app("train", recipe=name)
        app.session_state["fold The network"] = True
        return run(app)

    return open_recipe


def test_layers_are_added_taken_away_doubled_and_halved(opened):
    app = opened("mlp")
    field = "form:architecture.mlp.hidden"
    assert widget(app, field).value == "200, 200"
    for key, expected in (
        ("One more at the end", "200, 200, 200"),
        ("Double layer 1", "400, 200, 200"),
        ("Half of layer 2", "400, 100, 200"),
        ("Without layer 3", "400, 100"),
        ("Without layer 2", "400"),
        ("Without layer 1", ""),
        ("One more at the end", "200"),
    ):
        assert widget(press(app, f"layers hidden {key}"), field).value == expected


def test_what_the_network_cannot_be_is_no_button(opened):
    app = opened("mlp")
    for _ in range(6):
        press(app, "layers hidden One more at the end")
    more = widget(app, "layers hidden One more at the end")
    assert more.disabled and "Hidden layers" in more.proto.help
    app = opened("digits")
    widget(app, "form:architecture.simple_cnn.channels").set_value("1, 4")
    run(app)
    assert (
        widget(app, "layers channels Half of layer 1").disabled
        and not widget(app, "layers channels Half of layer 2").disabled
    )


def test_a_network_of_fixed_layers_has_none(opened):
    app = opened("digits")
    widget(app, "form:architecture").set_value("resnet18")
    assert not [button for button in run(app).button if str(button.key).startswith("layers ")]
