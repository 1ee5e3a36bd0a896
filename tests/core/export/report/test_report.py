"""The report card of a run says what there is, of runs in every state, and nothing that people wrote is more than text."""

import base64
import hashlib
import io
import re

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from core.analysis.coach import advise, curves_of
from core.analysis.mistakes import worst
from core.datasets.thumbnails import pictures_of
from core.errors import TrainDeskError
from core.export.report.report import write_report
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.metadata import change_metadata
from core.runs.predictions import read_predictions
from core.runs.store import create_run
from core.workers.worker import work
from tests.helpers import assert_one_sentence, quick_config
from tests.own import own_dataset
from tests.pages.fake_runs import fake_run, write_start
from tests.pages.trained import copied, train
from tests.reports import report_of
from tests.saved import quiet

EVIL = "<script>alert(1)</script>"
WITH_DANGER = ("script", "iframe", "object", "embed", "form", "base", "input", "a")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_folder):
    """One that makes mistakes; only to be read."""
    return train(tmp_path_factory.mktemp("trained"), data_folder, epochs=2, recipe="simple_cnn", training={"seed": 3})


def test_it_is_one_page_that_asks_for_nothing(trained, tmp_path, data_folder):
    page, text = report_of(trained, data_folder, tmp_path / "card.html")
    assert page.addresses() and all(address.startswith("data:") for address in page.addresses())
    assert not {tag for tag, _ in page.elements} & set(WITH_DANGER) and "url(" not in text and "@import" not in text
    [policy] = [
        found["content"] for tag, found in page.elements if found.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    style = re.search("<style>(.*)</style>", text, re.DOTALL)[1]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert not any("style" in found or any(name.startswith("on") for name in found) for _, found in page.elements)
    assert len(text) < 100_000


def test_it_shows_the_pictures_of_the_worst_mistakes(trained, tmp_path, data_folder):
    page, _ = report_of(trained, data_folder, tmp_path / "card.html")
    predictions = read_predictions(trained, "test")
    pixels = pictures_of(trained.config().dataset, data_folder, "test")
    images = [found for tag, found in page.elements if tag == "img"]
    places = worst(predictions)[:12]
    assert len(images) == len(places) == 12
    for found, place in zip(images, places, strict=True):
        row = predictions.rows[place]
        assert found["alt"] == f"picture {row}: {predictions.labels[place]}, taken for {predictions.predicted[place]}"
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(found["src"].partition(",")[2]))))
        assert (shown == pixels[row][:, :, 0]).all()


def test_it_says_what_the_coach_says_and_which_settings_are_others(trained, tmp_path, data_folder):
    page, _ = report_of(trained, data_folder, tmp_path / "card.html")
    config = trained.config()
    advice = advise(curves_of(History(trained).update(), config))
    assert advice.sentence in page.words and advice.evidence[1:].replace("\u202f", " ") in page.words
    said = {cells[0]: cells[1:] for table in page.tables for cells in table if len(cells) == 3}
    assert said["Epochs"] == ["2", "10 in the recipe"]
    assert said["Optimizer"][0] == "Adam" and said["Optimizer"][1] == "SGD in the recipe"
    assert said["Seed"] == ["3", "0 in the recipe"] and said["Learning rate"][0] == "0.005"
    assert "The recipe 'SimpleCNN' with the changes that are marked" in page.words


def test_the_best_epoch_is_marked_in_curves_that_are_all_there(trained, tmp_path, data_folder):
    page, text = report_of(trained, data_folder, tmp_path / "card.html")
    charts = [found["aria-label"] for tag, found in page.elements if tag == "svg"]
    assert [label.partition(" over")[0] for label in charts] == ["Loss", "Accuracy"]
    assert text.count('class="best"') == 2 and text.count('class="training line"') == 2 == text.count(
        'class="validation line"'
    )
    best = History(trained).update().best_epoch()
    assert "validation from" in charts[1] and best["epoch"] in (1, 2)


def test_strangers_words_are_text_in_any_script(tmp_path, data_folder):
    data = tmp_path / "data"
    dataset = own_dataset(data, tmp_path / "brought", {"قطة": 12, "🐶 <b>dogs": 12, EVIL.replace("/", "∕"): 12})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAINDESK_DATA", str(data))
        own = {"name": "own_images", "source": dataset.id, "side": 28}
        run = create_run(quick_config(batch_size=8, dataset=own, experiment=EVIL), tmp_path / "runs")
        create_run(quick_config(title=f"{EVIL} too", experiment=EVIL), tmp_path / "runs")
    assert work(run, data)["event"] == "finished"
    change_metadata(run, title=f'{EVIL}" onload="alert(2)', note=f"First.\n{EVIL}")
    page, text = report_of(run, data, tmp_path / "card.html")
    assert "<script" not in text and 'onload="' not in text
    assert f'{EVIL}" onload="alert(2)' in page.words and f"First. {EVIL}" in page.words and f"{EVIL} too" in page.words
    assert "قطة" in page.words and "🐶 <b>dogs" in page.words
    assert any("🐶 <b>dogs" in cells for table in page.tables for cells in table)


def test_an_experiment_stands_in_one_table_the_best_first(tmp_path, data_folder):
    runs = []
    for rate in (0.0001, 0.01):
        settings = {"title": f"Rate {rate}", "optimizer": {"name": "adam", "learning_rate": rate}}
        runs.append(train(tmp_path / "runs", data_folder, epochs=1, experiment="Rates", **settings))
    train(tmp_path / "runs", data_folder, epochs=1, experiment="Others", title="Not of it")
    page, text = report_of(runs[0], data_folder, tmp_path / "card.html")
    [table] = [table for table in page.tables if table[0][0] == "Run"]
    assert table[0] == ["Run", "Learning rate", "Validation, best epoch", "Test", "Epochs", "Time"]
    assert [cells[:2] for cells in table[1:]] == [["Rate 0.01", "0.01"], ["Rate 0.0001", "0.0001"]]
    assert "★" in table[1][2] and "★" not in table[2][2] and "Not of it" not in page.words
    assert re.search('class=.?this.?><th scope="row"><bdi>Rate 0.0001', text)


# --- runs in every state -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("queued", "waits for its turn"),
        ("starting", "about to begin"),
        ("paused", "was paused. It had done 3 of 3 epochs. It has not been tested"),
        ("stopped", "was stopped. It had done 3 of 3 epochs."),
        ("failed", "ended by an error. It had done 3 of 3 epochs. The memory of the GPU is full"),
        ("interrupted", "was interrupted. It had done 3 of 3 epochs."),
    ],
)
def test_a_run_that_did_not_do_all_says_so(runs_folder, tmp_path, data_folder, status, said):
    page, _ = report_of(fake_run(runs_folder, status), data_folder, tmp_path / "card.html")
    assert said in page.words
    assert ("How it learned" in page.words) == (status not in ("queued", "starting"))
    known = [int(cells[1].replace(",", "")) for cells in page.tables[0][1:]]
    assert "MNIST" in page.words and sum(known) == (70_000 if status in ("queued", "starting") else 640 + 100 + 100)


def test_one_that_trains_shows_how_far_it_is(trained, tmp_path, data_folder):
    run = copied(trained, tmp_path / "runs")
    lines = run.event_log.read_bytes().splitlines(keepends=True)
    run.event_log.write_bytes(b"".join(line for line in lines if b'"test"' not in line and b'"finished"' not in line))
    for split in ("val", "test"):
        (run.folder / f"{split}_predictions.npz").unlink()
    with FileLock(run.worker_lock):
        page, _ = report_of(run, data_folder, tmp_path / "card.html")
    assert "was still running when the report was made. It had done 2 of 2 epochs." in page.words
    assert "Test accuracy" not in page.words and "Best validation accuracy" in page.words
    assert "worst mistakes" not in page.words


def test_one_that_exploded_says_why(runs_folder, tmp_path, data_folder):
    run = create_run(quick_config(optimizer={"name": "sgd", "learning_rate": 10.0, "momentum": 0.99}), runs_folder)
    log = EventWriter(run.event_log)
    write_start(log, run, 3)
    for step, loss in enumerate((2.3, 1e9, float("nan")), start=1):
        log.write("step", epoch=1, step=step, learning_rate=10.0, **{"train/loss": loss})
    log.write("failed", message="The loss became infinite or not a number at step 3; choose a smaller learning rate.")
    log.close()
    page, text = report_of(run, data_folder, tmp_path / "card.html")
    assert "The loss became infinite" in page.words and "is far too large: it has learned nothing." in page.words
    assert "nan" not in page.words and "inf" not in page.words.replace("infinite", "")
    assert text.count("<svg") == 1


def test_one_of_before_predictions_were_kept_has_its_matrix_from_the_log(runs_folder, tmp_path, data_folder):
    run = fake_run(runs_folder, "finished")
    page, _ = report_of(run, data_folder, tmp_path / "card.html")
    assert "90 of 93 right. Mixed up most: 4 and 9 (3)." in page.words and "worst mistakes" not in page.words


def test_pictures_that_are_not_here_are_left_out(trained, tmp_path):
    page, _ = report_of(trained, tmp_path / "nothing", tmp_path / "card.html")
    assert "The pictures themselves are not on this computer." in page.words
    assert not [tag for tag, _ in page.elements if tag == "img"]


def test_of_many_classes_the_commonest_mistakes_are_listed(tmp_path, data_folder):
    data = tmp_path / "data"
    dataset = own_dataset(data, tmp_path / "brought", {f"kind {number}": 8 for number in range(30)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAINDESK_DATA", str(data))
        own = {"name": "own_images", "source": dataset.id, "side": 28}
        run = create_run(quick_config(batch_size=32, dataset=own), tmp_path / "runs")
    work(run, data)
    page, _ = report_of(run, data, tmp_path / "card.html")
    heads = [table[0] for table in page.tables]
    assert ["It is", "Taken for", "Pictures"] in heads and not any(len(head) > 10 for head in heads)
    assert "The hardest of 30 classes" in page.words and "and 20 more" in page.words


def test_sentences_of_the_log_name_no_folder(runs_folder, tmp_path, data_folder):
    run = fake_run(runs_folder, "paused")
    log = EventWriter(run.event_log)
    log.write("notice", message=f"Something lies in {data_folder}/cats.")
    log.write("failed", message=f"The disk of {runs_folder} is full.")
    log.close()
    _, text = report_of(run, data_folder, tmp_path / "card.html")
    assert "The disk of … is full." in text and "Something lies in …/cats." in text
    assert str(runs_folder) not in text and str(data_folder) not in text


def test_a_place_that_cannot_be_written_is_said(trained, tmp_path, data_folder):
    with pytest.raises(TrainDeskError) as refusal:
        write_report(trained, tmp_path / "nowhere" / "card.html", "", data_folder, quiet)
    assert_one_sentence(str(refusal.value), "could not be written")
