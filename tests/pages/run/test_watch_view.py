"""Watch it learn: a slider over the epochs moves pictures, matrix and filters together."""

import shutil

from core.runs.snapshots import SnapshotStore
from tests.pages.apps import run, words
from tests.pages.fake_runs import fake_run, running
from tests.pages.run.test_mistakes_view import open_run


def slider(app):
    return next(element for element in app.select_slider if element.label == "Epoch")


def test_the_slider_moves_pictures_matrix_and_filters_together(shown):
    app = open_run(shown)
    store = SnapshotStore(shown)
    assert slider(app).value == 4 and "epoch" not in app.query_params
    for epoch in (1, 3):
        slider(app).set_value(epoch)
        text = words(run(app))
        right = int((store.read(epoch).probabilities.argmax(axis=1) == store.probe_images().labels).sum())
        assert f"After epoch {epoch} it knows {right} of them" in text
        assert f"first layer after epoch {epoch}" in text
        assert app.query_params["epoch"] in (str(epoch), [str(epoch)])
    slider(app).set_value(4)
    run(app)
    assert "epoch" not in app.query_params, "the newest needs no word in the address"


def test_a_link_opens_at_its_epoch(shown):
    assert slider(open_run(shown, epoch="2")).value == 2
    assert slider(open_run(shown, epoch="77")).value == 4
    assert slider(open_run(shown, epoch="<b>")).value == 4


def test_while_it_trains_the_newest_epoch_is_followed_until_someone_moves_the_slider(trained, runs_folder):
    entry = fake_run(runs_folder, "starting")
    with running(entry, done=2):
        shutil.copytree(trained.folder / "looks", entry.folder / "looks")
        for epoch in (3, 4):
            (entry.folder / "looks" / f"{epoch:06d}.npz").rename(entry.folder / f"{epoch}.npz")
        app = open_run(entry)
        assert slider(app).value == 2
        (entry.folder / "3.npz").rename(entry.folder / "looks" / "000003.npz")
        assert slider(run(app)).value == 3
        slider(app).set_value(2)  # of a browser that has not heard of epoch 3 yet
        assert slider(run(app)).value == 3 and "epoch" not in app.query_params
        run(app)
        slider(app).set_value(2)  # of a visitor
        assert slider(run(app)).value == 2
        slider(app).set_value(1)
        run(app)
        (entry.folder / "4.npz").rename(entry.folder / "looks" / "000004.npz")
        assert slider(run(app)).value == 1


def test_damaged_looks_are_one_sentence(shown):
    (SnapshotStore(shown).folder / "000004.npz").write_bytes(b"half")
    assert "cannot be read" in words(open_run(shown))
