"""What is outside the rules before a training begins."""

from dataclasses import replace

import pytest

from core.game.before_start import breaches_before_start
from core.game.played import Entry, Game
from core.game.rules import Rules, first_config
from core.image_sets.splitting import TRAIN
from core.runs.before_start import shared_out
from tests.helpers import assert_one_sentence, quick_config

RULES = Rules(dataset="digits")


def said(rules, tmp_path, config=None, entries=()):
    return breaches_before_start(Game(rules, 1.0, entries), "Red", config, tmp_path)


def with_pictures(each):
    return quick_config(training={"training_pictures": each, "validation_share": 0.1, "batch_size": 8})


@pytest.mark.parametrize(("most", "each"), [(10, 1), (500, 50), (1290, 130)])  # the last where classes are not alike
def test_more_pictures_than_allowed_are_told_with_the_number_that_keeps_the_rule(most, each, tmp_path):
    rules = replace(RULES, most_pictures=most)
    every = with_pictures(0)
    [sentence] = said(rules, tmp_path, every)
    learned = shared_out(every, tmp_path).total(TRAIN)
    assert_one_sentence(sentence, f"Learns from {learned:,} pictures; the rules allow {most:,}")
    assert f"set Training pictures (of each class) to at most {each}." in sentence
    assert not said(rules, tmp_path, with_pictures(each))
    assert said(rules, tmp_path, with_pictures(each + 1))


def test_fewer_pictures_than_classes_are_for_the_host_to_mend(tmp_path):
    [sentence] = said(replace(RULES, most_pictures=9), tmp_path, with_pictures(0))
    assert_one_sentence(sentence, "the rules allow 9", "less than one of each class, so ask the host to allow more")


def test_a_try_too_many_is_told_whatever_the_form_holds(tmp_path):
    rules, entries = replace(RULES, most_tries=2), (Entry("red", "a"), Entry("Blue", "b"), Entry("red", "c"))
    assert not said(rules, tmp_path, entries=entries[:2])
    [sentence] = said(rules, tmp_path, entries=entries)
    assert_one_sentence(
        sentence, "This would be run 3 of your group; the rules allow 2", "click Play no more", "ask the host"
    )


def test_a_first_epoch_of_too_many_steps_is_told_with_the_batch_that_keeps_the_rule(tmp_path):
    config = with_pictures(12).with_changes({"training.batch_size": 30})  # 120 pictures
    assert not said(replace(RULES, most_steps=4), tmp_path, config)
    rules = replace(RULES, most_steps=3)
    [sentence] = said(rules, tmp_path, config)
    assert_one_sentence(sentence, "takes at least 4 steps; the rules allow 3", "Batch size to at least 40")
    assert not said(rules, tmp_path, config.with_changes({"training.batch_size": 40}))


def test_each_rule_that_is_broken_has_its_sentence(tmp_path):
    rules = replace(RULES, most_pictures=500, most_tries=1)
    config = quick_config(training={"own_pictures": 5})
    found = said(rules, tmp_path, config, (Entry("Red", "a"),))
    assert [each.split()[0] for each in found] == ["This", "Learns", "Learns"]


@pytest.mark.parametrize("dataset", ["mnist", "digits", "cifar10"])
@pytest.mark.parametrize("most", [20, 95, 5000])
def test_the_first_training_keeps_the_limit_of_pictures(most, dataset, tmp_path):
    rules = Rules(dataset=dataset, most_pictures=most)
    assert not said(rules, tmp_path, first_config(rules, tmp_path))
