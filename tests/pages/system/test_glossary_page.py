"""The glossary's page."""

from core.glossary import TERMS
from pages.components.shell.word_meanings import entries
from tests.helpers import with_plain_spaces
from tests.pages.apps import open_app, words


def test_the_glossary_holds_every_word_and_every_setting(runs_folder):
    from core.run_config import GROUPS, PARTS
    from core.settings.settings import fields_of

    text = words(open_app("glossary"))
    classes = [settings_class for registry in PARTS.values() for _, settings_class in registry.items()]
    for settings_class in [*classes, *GROUPS.values()]:
        for spec in fields_of(settings_class):
            assert spec.title in text and spec.help, spec.name
    for term in TERMS.values():
        assert with_plain_spaces(term.text) in text


def test_a_word_stands_once_with_all_its_meanings(runs_folder):
    listed = entries()
    names = [entry.name.casefold() for entry in listed]
    assert len(set(names)) == len(names) and "softmax" in names and "backpropagation" in names
    text = words(open_app("glossary"))
    assert text.count("<dt>Normalisation</dt>") == 1
    rate = next(entry for entry in listed if entry.name.casefold() == "learning rate")
    assert len(rate.meanings) > 1 and rate.meanings[0] == (TERMS["learning rate"].text, "")
    assert any("SGD" in places for _, places in rate.meanings)
    letters = [entry.letter() for entry in listed]
    assert letters == sorted(letters)


def test_the_glossary_is_searched_by_its_address(runs_folder):
    text = words(open_app("glossary", word="epoch"))
    assert TERMS["epoch"].text in text and TERMS["filter"].text not in text
    assert "No word fits" in words(open_app("glossary", word="xyzzy"))
