"""The parts that explain an answer."""

import pytest

from pages.components.shell.classifiers import loading
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


@pytest.mark.parametrize(
    ("part", "pictures", "said"),
    [
        ("What it sees", 5, ["ink found", "what the network receives"]),
        ("Where it looked", 0, ["Where it looked for"]),
        ("Its layers", 0, ["64 neurons", "10 answers"]),
        ("Similar pictures", 8, ["nearest in what enters its last layer"]),
    ],
)
def test_every_part_that_explains_draws(part, pictures, said, page, trained):
    loading(trained).known.result(60)  # what it learned from
    page.session_state["drawing"] = drawing(draw_digit(3))
    page.session_state["closer look drawing"] = part
    text = text_of(run(page))
    assert not page.exception and all(words in text for words in said)
    assert text[text.index("Look closer") :].count("<figure><img") == pictures


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
