"""The command line: one JSON document on standard output, progress on standard error, and what it exits with."""

import re
import shutil

import pytest

from core.cli import main
from core.recipes import RECIPES
from core.run_config import RunConfig
from core.runs.queue import enqueue
from core.runs.store import Run, create_run, list_runs
from tests.helpers import assert_one_sentence, document, quick_config

FAST = ["dataset=digits", "epochs=2", "device=cpu", "architecture=mlp", "hidden=16"]


def refused(result, *parts):
    status, out, err = result
    assert status == 2
    assert_one_sentence(err.strip(), *parts)
    if out:
        assert document(out) == {"error": err.strip()}


# --- recipes ---------------------------------------------------------------------------------------------------------


def test_recipes_are_listed_with_their_configs(call):
    status, out, err = call("recipes", "--json")
    listing = document(out)
    assert status == 0 and err == ""
    assert [item["name"] for item in listing] == [recipe.name for recipe in RECIPES]
    for item, recipe in zip(listing, RECIPES, strict=True):
        assert RunConfig.from_dict(item["config"]) == recipe.config()


def test_recipes_as_text_are_one_line_each(call):
    status, out, _ = call("recipes")
    assert status == 0
    assert len(out.splitlines()) == len(RECIPES)
    assert all(recipe.name in out and recipe.summary.replace("\u202f", " ") in out for recipe in RECIPES)


# --- train -----------------------------------------------------------------------------------------------------------


def test_train_gives_the_run_and_its_test_metrics(call, runs_folder):
    status, out, err = call("train", "--recipe", "digits", "--set", *FAST, "--json")
    result = document(out)
    (run,) = list_runs(runs_folder)
    assert status == 0
    assert (result["run"], result["status"]) == (run.id, "finished")
    assert {"test/loss", "test/accuracy", "test/precision", "test/recall", "test/f1"} <= set(result)
    assert 0 <= result["test/accuracy"] <= 1
    assert len(result["per_class"]) == len(result["confusion_matrix"]) == 10
    (test,) = [event for event in run.events()[0] if event["event"] == "test"]
    assert {key: value for key, value in test.items() if key not in ("event", "time")}.items() <= result.items()
    assert run.config().training.epochs == 2 and run.config().recipe == "digits"
    assert run.status().name == "finished"
    assert run.id in err and "step" in err, "progress is on standard error"


def test_train_as_text_ends_with_the_metrics(call, runs_folder):
    status, out, _ = call("train", "--recipe", "digits", "--set", *FAST, "--set", "title=My try")
    (run,) = list_runs(runs_folder)
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith(f"{run.id}: finished. Trained 2 epochs")
    assert any(re.fullmatch(r"test/accuracy +0\.\d{4}|test/accuracy +1\.0000", line) for line in lines)
    assert "my-try" in run.id


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_training_that_fails_exits_with_1_and_its_sentence(form, call, runs_folder):
    diverging = ["optimizer=sgd", "learning_rate=10", "weight_decay=1", "momentum=0.999", "epochs=40", "batch_size=250"]
    status, out, _ = call("train", "--recipe", "digits", "--set", *FAST[1:], *diverging, *form)
    assert status == 1
    if form:
        result = document(out)
        assert result["status"] == "failed"
        assert_one_sentence(result["message"], "learning rate 10")
    else:
        assert "failed" in out and "learning rate 10" in out
    assert list_runs(runs_folder)[0].status().name == "failed"


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--recipe", "vgg"], ["Unknown recipe 'vgg'", "digits"]),
        (["--recipe", "digits", "--set", "epoch=3"], ["There is no setting 'epoch'", "did you mean", "epochs"]),
        (["--recipe", "digits", "--set", "epochs"], ["not of the form key=value"]),
        (["--recipe", "digits", "--set", "learning_rate=nan"], ["Learning rate", "a number above 0, at most 10"]),
        (["--recipe", "digits", "--set", "learning_rate=NaN"], ["Learning rate is not a number (NaN)"]),
        (["--recipe", "digits", "--set", "learning_rate=inf"], ["Learning rate"]),
        (["--recipe", "digits", "--set", "learning_rate=0"], ["Learning rate is 0"]),
        (
            ["--recipe", "digits", "--set", *FAST[:1], "batch_size=2000"],
            ["Batch size is 2,000", "choose at most 1,295"],
        ),
        (["--recipe", "digits", "--set", "epochs=0"], ["Epochs is 0", "from 1 to 10,000"]),
        (["--recipe", "digits", "--set", "device=tpu"], ["Device is 'tpu'"]),
        (["--recipe", "digits", "--set", "architecture=vgg"], ["Unknown architecture 'vgg'", "simple_cnn"]),
        (["--recipe", "digits", "--set", "dataset=letters", "epochs=3"], ["Unknown dataset 'letters'"]),
        (["--recipe", "digits", "--set", *FAST[:1], "channels=8,8,8,8"], ["needs 16 pixels", "8 x 8"]),
    ],
)
def test_a_wrong_choice_is_refused_with_2_and_makes_no_run(arguments, parts, form, call, runs_folder):
    refused(call("train", *arguments, *form), *parts)
    assert list(runs_folder.iterdir()) == []


def test_several_wrong_settings_are_several_lines(call):
    status, _, err = call("train", "--recipe", "digits", "--set", "epochs=0", "batch_size=0", "learning_rate=-1")
    assert status == 2
    assert len(err.strip().splitlines()) == 3
    for line in err.strip().splitlines():
        assert_one_sentence(line)


@pytest.mark.parametrize(
    "arguments", [[], ["train"], ["fly"], ["classify", "x"], ["evaluate", "x", "--split", "train"]]
)
def test_a_wrong_command_line_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main.main(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_runs_folder_that_cannot_be_written_exits_with_1(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    status = main.main(["train", "--recipe", "digits", "--set", *FAST, "--runs", str(tmp_path / "file" / "runs")])
    assert status == 1
    assert_one_sentence(capsys.readouterr().err.strip(), "runs folder")


# --- runs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_no_runs(form, call):
    status, out, _ = call("runs", *form)
    assert status == 0
    assert document(out) == [] if form else "There are no runs" in out


def test_runs_are_listed_with_status_and_metrics(call, finished_run, runs_folder):
    waiting = create_run(quick_config(title="Waiting"), runs_folder)
    enqueue(waiting)
    status, out, err = call("runs", "--json")
    listing = {item["run"]: item for item in document(out)}
    assert status == 0 and err == ""
    assert listing[waiting.id]["status"] == "queued" and listing[waiting.id]["val/accuracy"] is None
    item = listing[finished_run.id]
    (test,) = [event for event in finished_run.events()[0] if event["event"] == "test"]
    assert item["status"] == "finished" and item["title"] == "Small digits"
    assert (item["dataset"], item["architecture"]) == ("digits", "simple_cnn")
    assert item["test/accuracy"] == test["test/accuracy"]
    best = max(event["val/accuracy"] for event in finished_run.events()[0] if event["event"] == "epoch")
    assert item["val/accuracy"] == best
    _, out, _ = call("runs")
    assert len(out.splitlines()) == 2 and "finished" in out and "queued" in out


@pytest.mark.parametrize(
    "content", ["{", "", '{"dataset": "letters"}', '{"title": 5}', '{"training": {"epochs": NaN}}']
)
def test_a_run_with_a_damaged_config_is_listed_with_its_sentence_beside_the_others(
    content, call, finished_run, runs_folder
):
    broken = Run(shutil.copytree(finished_run.folder, runs_folder / "broken"))
    broken.config_file.write_text(content)
    status, out, _ = call("runs", "--json")
    listing = {item["run"]: item for item in document(out)}
    assert status == 0 and set(listing) == {"broken", finished_run.id}
    assert_one_sentence(listing["broken"]["message"])
    assert listing["broken"]["status"] == "finished"


def test_a_run_with_a_damaged_log_is_listed_beside_the_others(call, finished_run, runs_folder):
    broken = Run(shutil.copytree(finished_run.folder, runs_folder / "broken"))
    broken.event_log.write_bytes(
        b"\x00\xff damage\n" * 100 + b'{"event":"step"}\n{"event":"epoch"}\n{"event":"test"}\n'
    )
    status, out, _ = call("runs", "--json")
    assert status == 0
    assert {item["run"] for item in document(out)} == {"broken", finished_run.id}
