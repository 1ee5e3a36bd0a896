"""The parts that explain an answer."""

import pytest

from tests.drawings import draw_digit
from tests.pages.apps import run
from tests.pages.apps import words as text_of
from tests.pages.classify.test_classify_page import drawing


def test_the_parts_that_explain_compute_only_when_they_are_opened(page):
    page.session_state["drawing"] = drawing(draw_digit(0))
    with pytest.MonkeyPatch.context() as patch:  # of its own: the page's keeps the folder of the runs
        patch.setattr("pages.components.classify.insight._draw_steps", lambda *_: pytest.fail("not opened"))
        run(page)
    closer = next(group for group in page.button_group if group.key == "closer look drawing")
    assert list(closer.options) == ["What it sees", "Where it looked", "Its layers", "Similar pictures", "Break it"]
    page.session_state["closer look drawing"] = "What it sees"
    assert "ink found" in text_of(run(page))
    page.session_state["drawing"] = {"picture": None}
    assert "as soon as there is a picture" in text_of(run(page)), "what is open stays open"


@pytest.mark.parametrize("part", ["steps", "where", "layers", "similar"])
def test_every_part_that_explains_draws(part, trained, data_folder, runs_folder):
    """On the page they are opened by a click, which the harness does not have."""
    import streamlit as st

    from core.inference.classifier import Classifier
    from pages.components.classify import insight
    from pages.components.classify.networks import Network

    network = Network(trained, "x")
    image = draw_digit(3)
    pixels = network.prepare(image)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(st, "html", said.append)
        patch.setattr(st, "markdown", said.append)
        if part == "steps":
            insight._draw_steps(network, pixels, image)
            assert said[0].count("<figure") == 5 and "ink found" in said[0] and "what the network receives" in said[0]
        elif part == "where":
            insight._draw_where(network, pixels)
            assert "Where it looked for" in said[0]
        elif part == "layers":
            insight._draw_layers(network, pixels)
            assert "**64 neurons**" in said and "**10 answers**" in said
        else:
            from core.inference.neighbours import Neighbours

            patch.setattr(Network, "known", Neighbours.of(Classifier.load(trained), data_folder))
            insight._draw_similar(network, pixels)
            assert said[0].count("<figure") == 8


def test_networks_of_different_classes_explain_themselves():
    from types import SimpleNamespace

    from pages.components.classify import networks

    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks.st, "markdown", said.append)
        of = lambda title, *names: SimpleNamespace(title=title, class_names=names)  # noqa: E731
        networks.say_different([of("One", "0", "1"), of("Other", "0", "1")])
        assert not said
        networks.say_different([of("One", "0", "1"), of("Other", "cat", "dog")])
    assert "**One** knows 0, 1; **Other** knows cat, dog" in said[0]
