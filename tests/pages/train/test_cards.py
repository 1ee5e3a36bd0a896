"""On a dataset's page: going on from the last network when pictures have been added."""

import pytest

from core.image_sets.merge import merge
from core.run_config import RunConfig
from core.runs.store import create_run, list_runs
from tests.own import class_files, own_dataset, staged
from tests.pages.apps import go, open_app, run, widget, words

pytestmark = pytest.mark.usefixtures("data")


def offered(app):
    return [button for button in app.button if button.key == "continue training"]


def test_a_click_fills_the_form_with_the_shorter_training_from_the_last_network(runs_folder, data, tmp_path, launched):
    dataset = own_dataset(data, tmp_path)
    assert not offered(open_app("data", set=dataset.id)), "nothing was trained yet"
    mlp = {
        "architecture": {"name": "mlp", "hidden": [8]},
        "training": {"epochs": 12, "batch_size": 8},
        "title": "The *first*",
    }
    first = create_run(
        RunConfig.from_dict({"dataset": {"name": "own_images", "source": dataset.id}, **mlp}), runs_folder
    )
    first.best.write_bytes(b"never read")
    assert not offered(open_app("data", set=dataset.id)), "nothing is new"
    merge(staged(tmp_path, class_files({"rings": 12}), "more.zip")[0], dataset)
    app = open_app("data", set=dataset.id)
    assert "Since the last training: 12 new pictures and the new class 'rings'" in words(app)
    [button] = offered(app)
    assert button.label == r"Continue from The \*first\* with the new pictures"
    button.click()
    run(app)
    run(go(app, "train"))
    assert widget(app, "form:training.start_from").value == first.id
    assert any(first.id in option for option in widget(app, "form:training.start_from").options)
    widget(app, "start").click()
    run(app)
    started = next(each for each in list_runs(runs_folder) if each.id != first.id).config()
    assert started.training.start_from == first.id and started.training.epochs == 6
    assert started.dataset.version == 2 and "rings" in started.dataset.info().class_names
