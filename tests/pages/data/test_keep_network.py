"""Keeping the network that answered while pictures were collected: a click makes a dataset and a run of it."""

import pytest

from core.image_sets.folders import list_datasets
from core.image_sets.import_process import run_import
from core.image_sets.imports import Request, list_jobs, new_job
from core.image_sets.suggest import as_collected
from core.inference.collecting import Learned
from core.run_config import RunConfig
from core.runs.store import create_run, list_runs
from pages.components.data.already import how_well
from pages.components.data.keep_network import ASKED
from tests.helpers import with_plain_spaces
from tests.own import class_files, encoded, own_dataset, picture, zipped
from tests.pages.apps import open_app, run

pytestmark = pytest.mark.usefixtures("data")


def collected(data, tmp_path, files, **request):
    """An import that is ready, of which someone wants the network."""
    job = new_job(data)
    job.write(Request(str(zipped(tmp_path / "x.zip", files)), "Mine", **request))
    run_import(job)
    return job


def kept(job):
    app = open_app("data")
    app.session_state[ASKED] = {job.id}
    app.query_params["import"] = job.id
    return run(app)


def test_photos_become_a_dataset_and_a_run_with_the_network_that_answered(runs_folder, data, tmp_path, launched):
    kept(collected(data, tmp_path, class_files({"dots": 12, "rings": 12})))
    [dataset], [made] = list_datasets(data), list_runs(runs_folder)
    config = made.config()
    assert launched == [made.id] and list_jobs(data) == []
    assert config.dataset.source == dataset.id and config.dataset.side == 224
    assert config.architecture.name == "efficientnet_lite0" and config.architecture.train == "head"
    assert config.augmentation == type(config.augmentation)(), "nothing is mirrored: features are computed once"


def test_drawings_are_learned_by_their_ink(runs_folder, data, tmp_path, launched):
    kept(collected(data, tmp_path, class_files({"dots": 12, "rings": 12}), about={"fit": "ink"}))
    config = list_runs(runs_folder)[0].config()
    assert (config.dataset.fit, config.dataset.side, config.architecture.enlarge_to) == ("ink", 28, 64)


def test_bursts_that_leave_nothing_to_check_with_are_mended_on_the_way(runs_folder, data, tmp_path, launched):
    files = {}
    for name in ("dots", "rings"):
        one = picture(name, 5, (96, 80))
        files |= {f"{name}/{n}.jpg": encoded(one, "JPEG", quality=70 + n) for n in range(20)}
    kept(collected(data, tmp_path, files))
    [dataset] = list_datasets(data)
    assert len(list_runs(runs_folder)) == 1 and launched
    assert dataset.newest() > 1 and "plit the groups" in " ".join(each.words for each in dataset.versions())


def test_added_pictures_go_on_from_the_network_that_was_kept(runs_folder, data, tmp_path, launched):
    dataset = own_dataset(data, tmp_path)
    first = create_run(RunConfig.from_dict(as_collected(dataset)), runs_folder)
    first.best.write_bytes(b"never read")
    kept(collected(data, tmp_path, class_files({"rings": 12}), into=dataset.id))
    second = next(each for each in list_runs(runs_folder) if each.id != first.id).config()
    assert second.training.start_from == first.id and second.dataset.version == 2


def test_what_cannot_be_trained_is_kept_as_a_dataset_and_told(runs_folder, data, tmp_path, launched):
    kept(collected(data, tmp_path, class_files({"dots": 12})))
    assert len(list_datasets(data)) == 1 and not launched and list_runs(runs_folder) == []


def test_how_well_it_does_names_the_class_that_needs_more():
    def of(counts, right):
        learned = Learned(("fist", "palm*"), counts, right, 0.1, {}, None, None)
        return with_plain_spaces(how_well(learned))

    assert "reads **38** right (**95.0 %**)" in of((20, 20), (19, 19)) and "Weakest" not in of((20, 20), (19, 19))
    assert r"Weakest is **palm\***, 6 of 10: more" in of((20, 10), (20, 6))
    assert "%" not in of((4, 3), ())
