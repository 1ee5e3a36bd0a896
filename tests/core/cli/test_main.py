"""The command line: one JSON document on standard output, progress on standard error, and what it exits with."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.cli import main
from core.recipes import RECIPES
from core.run_config import RunConfig
from core.runs.queue import enqueue
from core.runs.store import Run, create_run, list_runs, write_config
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


# --- evaluate --------------------------------------------------------------------------------------------------------


def test_evaluate_repeats_the_numbers_of_the_test(call, finished_run):
    status, out, err = call("evaluate", finished_run.id, "--json")
    result = document(out)
    (test,) = [event for event in finished_run.events()[0] if event["event"] == "test"]
    assert status == 0
    assert (result["run"], result["checkpoint"], result["split"]) == (finished_run.id, "best", "test")
    for key, value in test.items():
        if key not in ("event", "time"):
            assert result[key] == (pytest.approx(value, rel=1e-6) if key == "test/loss" else value), key
    assert "360/360" in err, "progress is on standard error"


def test_a_run_of_a_gpu_that_is_not_here_is_evaluated_all_the_same(call, finished_run):
    config = finished_run.config()
    write_config(finished_run, config.with_changes({"training.device": "cuda:7"}), finished_run.created())
    try:
        status, out, err = call("evaluate", finished_run.id, "--json")
    finally:
        write_config(finished_run, config, finished_run.created())
    assert status == 0, err
    assert document(out)["test/accuracy"] > 0


def test_evaluate_on_val_repeats_the_numbers_of_the_best_epoch(call, finished_run):
    status, out, _ = call("evaluate", finished_run.id, "--split", "val", "--json")
    result = document(out)
    best = [event for event in finished_run.events()[0] if event.get("best")][-1]
    assert status == 0
    assert result["from_epoch"] == best["epoch"]
    assert result["val/accuracy"] == pytest.approx(best["val/accuracy"])
    assert result["val/loss"] == pytest.approx(best["val/loss"], rel=1e-5)


def test_evaluate_as_text(call, finished_run):
    status, out, _ = call("evaluate", "latest")
    assert status == 0
    assert out.splitlines()[0] == f"{finished_run.id}, best, test images"
    assert "test/accuracy" in out


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("command", [["evaluate", "nothing"], ["classify", "nothing", "x.png"]])
def test_an_unknown_run_is_refused_with_2(command, form, call, finished_run):
    refused(call(*command, *form), "There is no run 'nothing'", finished_run.id)


@pytest.mark.parametrize("command", [["evaluate", "latest"], ["classify", "latest", "x.png"]])
def test_a_run_without_a_checkpoint_exits_with_1(command, call, runs_folder):
    create_run(quick_config(), runs_folder)
    status, out, err = call(*command, "--json")
    assert status == 1
    assert_one_sentence(err.strip(), "has no checkpoint yet")
    assert document(out) == {"error": err.strip()}


# --- classify --------------------------------------------------------------------------------------------------------


def test_classify_keeps_the_order_and_gives_all_probabilities(call, finished_run, pictures):
    order = [pictures[2], pictures[0], pictures[1], pictures[0]]
    status, out, err = call("classify", finished_run.id, *order, "--json")
    results = document(out)
    assert status == 0 and err == ""
    assert [item["file"] for item in results] == [str(path) for path in order]
    for item in results:
        assert list(item["probabilities"]) == list("0123456789")
        assert sum(item["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert item["prediction"] == max(item["probabilities"], key=item["probabilities"].get)
    assert results[1]["probabilities"] == results[3]["probabilities"]


def test_classify_as_text_is_one_line_each(call, finished_run, pictures):
    status, out, _ = call("classify", "latest", *pictures)
    assert status == 0
    for path, line in zip(pictures, out.splitlines(), strict=True):
        assert re.fullmatch(re.escape(str(path)) + r": \d \(\d+\.\d %\)", line)


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_an_unreadable_file_is_told_and_the_others_are_done(form, call, finished_run, pictures, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    status, out, _ = call("classify", finished_run.id, pictures[0], bad, tmp_path / "missing.png", pictures[1], *form)
    assert status == 1
    if form:
        first, second, third, fourth = document(out)
        assert "prediction" in first and "prediction" in fourth
        for item, path in ((second, bad), (third, tmp_path / "missing.png")):
            assert set(item) == {"file", "error"} and item["file"] == str(path)
            assert_one_sentence(item["error"], path.name)
    else:
        assert len(out.splitlines()) == 4


def test_a_folder_is_the_pictures_in_it_and_without_any_says_so(call, finished_run, pictures, tmp_path):
    folder, empty = tmp_path / "some", tmp_path / "empty"
    (folder / "deep").mkdir(parents=True)
    empty.mkdir()
    for name, picture in zip(("a.png", "deep/b.png"), pictures, strict=False):
        (folder / name).write_bytes(Path(picture).read_bytes())
    (folder / "notes.txt").write_text("passed over")
    status, out, _ = call("classify", finished_run.id, folder, empty, "--json")
    first, second, none = document(out)
    assert [first["file"], second["file"]] == [str(folder / "a.png"), str(folder / "deep" / "b.png")]
    assert status == 1
    assert_one_sentence(none["error"], "'empty' is a folder without pictures")


def test_an_empty_picture_is_told(call, finished_run, tmp_path):
    Image.fromarray(np.full((50, 50), 255, dtype=np.uint8)).save(tmp_path / "white.png")
    status, out, _ = call("classify", finished_run.id, tmp_path / "white.png", "--json")
    (item,) = document(out)
    assert status == 1
    assert_one_sentence(item["error"])
