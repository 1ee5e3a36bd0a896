"""Networks of runs that are asked on the command line: on their test pictures, and on files."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.runs.store import create_run, write_config
from tests.core.cli.test_main import refused
from tests.helpers import assert_one_sentence, document, quick_config

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
