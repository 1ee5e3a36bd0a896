"""The comparison: colours that stay, sentences that are right, tables that show what differs."""

import json
import os

import numpy as np
import pytest

from core.analysis.compare import differences
from core.runs.index import Index
from core.runs.metadata import change_metadata
from core.runs.metrics import COMPARED
from core.runs.predictions import Predictions, read_predictions, write_predictions
from pages.components.charts.compare_entry import Compared
from pages.components.compare.verdicts import sentences
from pages.components.shell.compared import changed, names, places
from pages.components.shell.links import compare_page
from tests.helpers import assert_one_sentence
from tests.pages.apps import open_app, run, sentence, words
from tests.pages.fake_runs import EventWriter, fake_run, write_start, write_test
from tests.pages.trained import copied, train


@pytest.fixture(scope="module")
def pair(tmp_path_factory, data_folder):
    """Two real runs that differ in one setting."""
    folder = tmp_path_factory.mktemp("pair")
    good = train(folder, data_folder, epochs=4, title="Good")
    bad = train(folder, data_folder, epochs=4, title="Bad", optimizer={"name": "adam", "learning_rate": 0.0002})
    return good, bad


@pytest.fixture
def runs(pair, runs_folder):
    return [copied(run, runs_folder) for run in pair]


def compared(*runs):
    listed = {entry.id: entry for entry in Index(runs[0].folder.parent).summaries()}
    return [Compared(listed[run.id], listed[run.id].title, place, run.config()) for place, run in enumerate(runs)]


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ("a,b,c", ["a", "c"], "a,,c"),
        ("a,,c", ["a", "c", "d"], "a,d,c"),
        ("a,b", ["a", "b", "d"], "a,b,d"),
        ("a,b", ["b"], ",b"),
        ("a,b", ["a"], "a"),
        ("", ["c", "b"], "c,b"),
        ("a,b", [], ""),
    ],
)
def test_who_stays_keeps_its_colour(before, wanted, after):
    assert ",".join(changed(places(before, "abcd"), wanted)) == after


def test_an_address_with_unknown_and_double_runs_is_put_right():
    assert places("a,x,b,a,,", "ab") == ["a", "", "b"]
    assert places("<script>", "ab") == []


def test_the_sentence_names_the_better_one_how_sure_that_is_and_why(runs):
    (sentence,) = sentences(compared(*runs), differences([run.config() for run in runs]))
    good, bad = (read_predictions(run, "test") for run in runs)
    gain = (good.right.mean() - bad.right.mean()) * 100
    assert f"Good is {gain:.1f} points better than Bad".replace(".", "\\.") in sentence
    assert "larger than luck" in sentence and "360 test pictures" in sentence
    assert sentence.endswith("They differ in learning rate.")


def test_on_the_same_pictures_a_small_steady_gain_is_more_than_luck(runs):
    """Three pictures more right and none less is sure to be a gain only if one looks picture by picture."""
    first, second = runs
    said = read_predictions(first, "test")
    labels = said.labels
    logits = np.full((len(labels), 10), -5.0, np.float32)
    logits[np.arange(len(labels)), labels] = 0
    worse = logits.copy()
    wrong = np.arange(12)
    worse[wrong, (labels[wrong] + 1) % 10] = 1.0
    worse -= worse.max(axis=1, keepdims=True)
    write_predictions(first, "test", Predictions(logits, labels, said.rows))
    write_predictions(second, "test", Predictions(worse, labels, said.rows))
    (sentence,) = sentences(compared(*runs), [])
    assert "larger than luck" in sentence


def test_runs_on_other_pictures_are_not_compared(runs, runs_folder):
    other = fake_run(runs_folder, "finished", recipe="mlp")
    said = sentences(compared(runs[0], other), [])
    assert said == ["They were tested on different pictures, so their accuracies cannot be compared."]


def test_several_seeds_are_compared_as_groups(runs_folder, tmp_path):
    def tested(learning_rate, seed, accuracy):
        entry = fake_run(runs_folder, "starting")
        data = json.loads(entry.config_file.read_text())
        data["optimizer"]["learning_rate"], data["training"]["seed"] = learning_rate, seed
        data["title"] = f"rate {learning_rate}"
        entry.config_file.write_text(json.dumps(data))
        log = EventWriter(entry.event_log)
        write_start(log, entry, 1)
        write_test(log, entry, 1)
        lines = [json.loads(line) for line in entry.event_log.read_text().splitlines()]
        lines[-1]["test/accuracy"] = accuracy
        entry.event_log.write_text("".join(json.dumps(line) + "\n" for line in lines))
        log.write("finished", message="Done.")
        return entry

    group = [tested(0.1, seed, 0.90 + seed / 1000) for seed in (1, 2, 3)]
    group += [tested(0.2, seed, 0.95 + seed / 1000) for seed in (1, 2, 3)]
    said = sentences(compared(*group), differences([entry.config() for entry in group]))
    assert any(
        "Over 3 and 3 seeds" in sentence and "rate 0\\.2 over its seeds is 5\\.0 points better" in sentence
        for sentence in said
    )


def test_the_page_shows_results_and_only_the_differences(runs):
    app = open_app("compare", runs=",".join(run.id for run in runs))
    text = words(app)
    assert "larger than luck" in text and "What they differ in" in text
    table = text[text.index("What they differ in") :]
    assert "0.005" in table and "0.0002" in table and "Batch size" not in table


def test_of_runs_of_one_name_only_the_latest_is_shown_if_wanted(runs, pair, runs_folder):
    address = ",".join(run.id for run in runs)
    assert "latest" not in {toggle.key for toggle in open_app("compare", runs=address).toggle}, "each has its own name"
    again = copied(pair[0], runs_folder, "again")
    os.utime(again.config_file, (again.created() + 60,) * 2)
    app = open_app("compare", runs=f"{address},{again.id}")
    links = [f"run?run={each.id}" for each in (*runs, again)]
    assert all(link in words(app) for link in links)
    app.toggle(key="latest").set_value(True)
    shown = words(run(app))
    assert [link in shown for link in links] == [False, True, True]
    value = app.query_params["latest"]
    assert (value if isinstance(value, str) else value[0]) == "true"


def test_taking_a_run_out_leaves_its_place_empty_in_the_address(runs):
    app = open_app("compare", runs=",".join(run.id for run in runs))
    app.multiselect[0].set_value([runs[1].id])
    run(app)
    value = app.query_params["runs"]
    assert (value if isinstance(value, str) else value[0]) == f",{runs[1].id}"


def test_one_run_alone_and_none_say_what_to_do(runs_folder):
    assert "Two runs are needed" in words(open_app("compare"))
    fake_run(runs_folder, "finished")
    fake_run(runs_folder, "finished")
    assert "Pick runs here" in words(open_app("compare"))


def test_a_link_with_runs_that_are_not_here_says_so_and_shows_the_others(runs):
    app = open_app("compare", runs=f"{runs[0].id},20200101-gone-1234,<b>,{runs[1].id}")
    assert_one_sentence(sentence(app.warning[0]), "names 2 runs that are not here", "20200101-gone-1234", "<b>")
    assert "larger than luck" in words(app)


def test_a_run_that_has_not_learned_anything_yet_is_named(runs, runs_folder):
    entry = fake_run(runs_folder, "failed", epochs=0)
    change_metadata(entry, title="Early")
    app = open_app("compare", runs=f"{runs[0].id},{entry.id},{runs[1].id}")
    assert_one_sentence(sentence(app.warning[0]), "Early", "no epoch is done")


def test_ticked_runs_go_to_the_comparison_in_their_order():
    assert compare_page(["a", "b"]).shows == {"runs": "a,b"}


def test_names_tell_runs_of_the_same_title_apart(runs_folder):
    for _ in range(3):
        fake_run(runs_folder, "finished")
    listed = Index(runs_folder).summaries()
    assert len(set(names(listed))) == 3


@pytest.mark.parametrize(("page", "kind"), [("compare", "multiselect"), ("classify", "selectbox")])
def test_runs_of_the_same_title_and_minute_can_each_be_chosen(page, kind, pair, runs_folder):
    made = [copied(pair[0], runs_folder, name) for name in ("one-aaaa", "two-bbbb")]
    for each in made:
        os.utime(each.config_file, (1e9, 1e9))
    offered = getattr(open_app(page), kind)[0].options
    ours = [words for words in offered if words.startswith("Good")]
    assert len(ours) == len(set(ours)) == 2, ours
    assert {words[-5:-1] for words in ours} == {"aaaa", "bbbb"}


@pytest.mark.parametrize("metric", [metric.name for metric in COMPARED])
def test_runs_are_compared_by_every_metric(metric, runs):
    app = open_app("compare", runs=f"{runs[0].id},{runs[1].id}", metric=metric)
    assert not app.warning and not app.error


def test_the_same_rows_of_other_pictures_are_no_pairs(runs):
    paired = sentences(compared(*runs), [])[0]
    predictions = read_predictions(runs[1], "test")
    others = (predictions.labels + 1) % 10  # as of another version of a dataset
    write_predictions(runs[1], "test", Predictions(predictions.logits, others, predictions.rows))
    apart = sentences(compared(*runs), [])[0]
    assert paired.split("±")[1] != apart.split("±")[1], "a wider margin, as of different pictures"


def test_two_tests_of_different_size_have_each_their_own_uncertainty(runs_folder):
    entries = []
    for title, accuracy, images in (("Much", 0.9, 400), ("Little", 0.5, 40)):
        entry = fake_run(runs_folder, "interrupted")
        change_metadata(entry, title=title)
        log = EventWriter(entry.event_log)
        log.write("test", **{"test/accuracy": accuracy}, images=images, from_epoch=1)
        log.write("finished", message="Done.")
        log.close()
        entries.append(entry)
    (said,) = sentences(compared(*entries), [])
    margin = 196 * np.sqrt(0.9 * 0.1 / 400 + 0.5 * 0.5 / 40)
    assert f"±{margin:.1f}".replace(".", "\\.") in said
