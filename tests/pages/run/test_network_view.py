"""A network as blocks and as a table, of a run and of the form."""

import json

import pytest

from core.runs.history import History
from pages.components.train.network_view import large, network
from tests.pages.run.test_mistakes_view import open_run


def test_the_network_of_a_run_is_drawn_with_shapes_weights_and_work(shown):
    described = json.loads(shown.network.read_text())
    html = network(described)
    weights = sum(layer["parameters"] for layer in described["layers"])
    assert weights == History(shown).update().started["parameters"]
    assert f"{weights:,} weights" in html and "8 x 8 x 8" in html and "convolution 3 x 3, 8 filters" in html
    assert "The network" in [expander.label for expander in open_run(shown).expander]


@pytest.mark.parametrize("content", ["", "[]", '{"layers": [{}]}', '{"input": [1,8,8]}'])
def test_a_damaged_description_is_left_out(shown, content):
    shown.network.write_text(content)
    assert "The network" not in [expander.label for expander in open_run(shown).expander]


def test_large_numbers_in_words():
    assert [large(number) for number in (12, 198_800, 3_870_000, 1_820_000_000)] == [
        "12",
        "198,800",
        "3.9 million",
        "1.82 billion",
    ]


def test_the_network_of_the_form_is_described_by_the_real_program_once_for_each_architecture(runs_folder, monkeypatch):
    from pages.components.train import network_view
    from tests.helpers import quick_config

    asked, other = [], {"layers": []}
    ask_real = network_view.ask_core

    def ask(*words):
        asked.append(words)
        return ask_real(*words) if len(asked) == 1 else other  # each real one loads torch

    monkeypatch.setattr(network_view, "ask_core", ask)
    network_view._described.clear()

    found, problem = network_view.describe(quick_config(architecture={"name": "mlp", "hidden": [7]}))
    assert not problem and [layer["parameters"] for layer in found["layers"] if layer["parameters"]] == [455, 80]
    network_view.describe(quick_config(architecture={"name": "mlp", "hidden": [7]}, epochs=9))
    assert len(asked) == 1, "the number of epochs does not change a network"
    assert network_view.describe(quick_config(architecture={"name": "mlp", "hidden": [9]}))[0] == other
