"""The pictures that go with a run are those that it learned from, and come as a dataset once."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import TrainDeskError
from core.export.saved.run_file import AlreadyHere, open_run, save_run
from core.image_sets.edit import editing
from core.image_sets.folders import delete_dataset, list_datasets
from core.image_sets.own_dataset import OwnDataset
from core.inference.classifier import Classifier
from core.runs.events import PAUSED
from core.runs.history import History
from core.runs.store import create_run
from core.workers.control import ask_to_resume
from core.workers.worker import work
from tests.core.running import same_weights
from tests.helpers import assert_one_sentence, quick_config
from tests.own import own_dataset
from tests.pages.trained import copied
from tests.saved import contents, nothing_came, packed, quiet, refused


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """(run of a second version of own pictures, paused after an epoch; the data folder; the dataset)."""
    data = tmp_path_factory.mktemp("own data")
    dataset = own_dataset(data, tmp_path_factory.mktemp("brought"), {"stripes": 20, "dots": 20, "数字 🙂": 6, "off": 6})
    dataset.set_about(owner="anna", fit="pad")
    with editing(dataset, "One removed, one moved, one for validation, a class switched off") as edit:
        ids = {each.name: each.id for each in dataset.classes()}
        first, second = ids["stripes"], ids["dots"]
        edit.remove(dataset.page(first, 0, 1))
        edit.move(dataset.page(second, 0, 1), first)
        edit.into_split(dataset.page(second, 2, 4), "val")
        edit.enable([ids["off"]], False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAINDESK_DATA", str(data))
        own = {"name": "own_images", "source": dataset.id, "side": 28}
        run = create_run(
            quick_config(epochs=5, batch_size=8, dataset=own, title="Own", training={"epoch_seconds": 0.2}),
            tmp_path_factory.mktemp("own run"),
        )
    assert work(run, data, listen=lambda event: event["event"] == "epoch" and run.request_pause())["event"] == PAUSED
    return run, data, dataset


def described(dataset, version):
    """(image, class name, split, group, content) of each picture of a version."""
    members, names = dataset.members(version), {each.id: each.name for each in dataset.classes(version)}
    rows = zip(
        members.images.tolist(),
        members.classes.tolist(),
        members.splits.tolist(),
        members.group_ids.tolist(),
        strict=True,
    )
    return [(image, names[label], split, group, dataset.content(image)) for image, label, split, group in rows]


@pytest.fixture
def own_file(own_run, tmp_path):
    run, data, _ = own_run
    said = save_run(run, tmp_path / "own.traindesk", "", data, quiet, pictures=True)
    assert said["pictures"] == 45, "without the one that was removed and the class that is switched off"
    return tmp_path / "own.traindesk"


def test_its_pictures_come_with_it_and_it_goes_on_with_them(own_run, own_file, runs_folder, tmp_path):
    run, data, dataset = own_run
    opened = open_run(own_file, runs_folder, tmp_path / "data", "ben")
    [brought] = list_datasets(tmp_path / "data")
    assert (
        brought.id == dataset.id
        and brought.newest() == 2
        and brought.about("owner") == "ben"
        and brought.about("fit") == "pad"
    )
    assert described(brought, 2) == described(dataset, 2)
    assert brought.facts(2) == dataset.facts(2) and opened.config() == run.config()
    stayed = copied(run, tmp_path / "stayed")
    for each, folder in ((opened, tmp_path / "data"), (stayed, data)):
        ask_to_resume(each)
        assert work(each, folder)["event"] == "finished"
    assert same_weights(opened.best, stayed.best)
    with editing(brought, "Undone") as edit:
        edit.back_to(1)
    assert described(brought, 3) == described(brought, 2), "taking back what no one here did changes nothing"


def test_pictures_that_are_here_are_used_and_others_of_that_id_are_left_alone(own_run, own_file, runs_folder, tmp_path):
    run, data, dataset = own_run
    shutil.copytree(data / "sets", tmp_path / "data" / "sets")
    assert open_run(own_file, runs_folder, tmp_path / "data", "").config() == run.config()
    assert [each.id for each in list_datasets(tmp_path / "data")] == [dataset.id]
    shutil.rmtree(tmp_path / "data")
    foreign = own_dataset(tmp_path / "data", tmp_path / "brought", {"rings": 12, "dots": 12})
    foreign.folder.rename(foreign.folder.with_name(dataset.id))
    opened = open_run(own_file, tmp_path / "more runs", tmp_path / "data", "")
    assert {each.id for each in list_datasets(tmp_path / "data")} == {dataset.id, f"{dataset.id}-2"}
    assert opened.config().dataset.source == f"{dataset.id}-2"
    assert {each.name for each in OwnDataset(tmp_path / "data" / "sets" / dataset.id).classes()} == {"rings", "dots"}
    ask_to_resume(opened)
    assert work(opened, tmp_path / "data")["event"] == "finished"


def test_a_run_whose_pictures_are_not_here_answers_and_says_what_it_misses(own_run, runs_folder, tmp_path):
    run, data, dataset = own_run
    said = save_run(run, tmp_path / "bare.traindesk", "", data, quiet)
    assert said["pictures"] == 0 and not any(
        name.startswith("pictures/") for name in contents(tmp_path / "bare.traindesk")
    )
    opened = open_run(tmp_path / "bare.traindesk", runs_folder, tmp_path / "data", "")
    assert len(History(opened).update().epochs) == len(History(run).update().epochs) >= 1
    picture = Image.fromarray(np.zeros((40, 40, 3), np.uint8))
    classifier = Classifier.load(opened)
    assert classifier.predict([classifier.prepare(picture)]).shape == (1, 3)
    ask_to_resume(opened)
    end = work(opened, tmp_path / "data")
    assert end["event"] == "failed"
    assert_one_sentence(end["message"], "'Patterns'", "bring them back")


def test_pictures_that_are_gone_cannot_be_saved(own_run, tmp_path):
    run, _, _ = own_run
    with pytest.raises(TrainDeskError) as refusal:
        save_run(run, tmp_path / "own.traindesk", "", tmp_path, quiet, pictures=True)
    assert_one_sentence(str(refusal.value), "'Patterns'", "save the run without them")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[1][2].__setitem__(7, "AAAA"), "the list of its pictures"),
        (lambda rows: rows[1].pop(), "the list of its pictures"),
        (lambda rows: rows[1][1].__setitem__(0, "drop table"), ""),
        (lambda rows: rows[1].__setitem__(0, "999999.png"), "a picture is missing"),
        (lambda rows: rows[1].__setitem__(0, "../../run/config.json"), "a picture is missing"),
        (lambda rows: rows[1].__setitem__(0, "table.jsonl"), "a picture is missing"),
        (lambda rows: rows[1][1].__setitem__(1, 2), "not those that the run learned from"),
        (lambda rows: rows.pop(), "not those that the run learned from"),
        (lambda rows: rows[1][1].__setitem__(2, "everything"), "damaged"),
        (lambda rows: rows[0].__setitem__("classes", [[10**12, "huge"]]), ""),
        (lambda rows: rows.__setitem__(0, []), "the list of its pictures"),
    ],
)
def test_pictures_that_are_not_what_they_should_be_bring_nothing(own_file, runs_folder, tmp_path, change, said):
    files = contents(own_file)
    rows = [json.loads(line) for line in files["pictures/table.jsonl"].splitlines()]
    change(rows)
    files["pictures/table.jsonl"] = "\n".join(map(json.dumps, rows)).encode()
    with pytest.raises(TrainDeskError) as refusal:
        open_run(packed(tmp_path / "bad.traindesk", files), runs_folder, tmp_path / "data", "")
    assert_one_sentence(str(refusal.value), said)
    assert nothing_came(runs_folder, tmp_path / "data")


def test_a_picture_that_is_a_page_with_a_script_is_refused(own_file, runs_folder, tmp_path):
    files = contents(own_file)
    name = next(name for name in files if name.endswith(".png"))
    files[name] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    path = packed(tmp_path / "svg.traindesk", files)
    refused(path, runs_folder, tmp_path / "data", "a picture is none")


def test_the_dataset_goes_again_where_the_run_cannot_come(own_file, own_run, runs_folder, tmp_path, monkeypatch):
    real = Path.rename

    def rename(self, target):
        if Path(target).parent == runs_folder:
            raise OSError(13, "Permission denied", str(target))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(TrainDeskError) as refusal:
        open_run(own_file, runs_folder, tmp_path / "data", "")
    assert_one_sentence(str(refusal.value), "Permission denied")
    assert nothing_came(runs_folder, tmp_path / "data")


def test_deleted_pictures_are_not_in_the_way(own_file, own_run, runs_folder, tmp_path):
    open_run(own_file, runs_folder, tmp_path / "data", "")
    delete_dataset(list_datasets(tmp_path / "data")[0])
    opened = open_run(own_file, tmp_path / "again", tmp_path / "data", "")
    assert list_datasets(tmp_path / "data")[0].id == opened.config().dataset.source != own_run[2].id


def test_pictures_come_with_a_second_file_where_the_first_had_none(own_run, own_file, runs_folder, tmp_path):
    run, data, dataset = own_run
    save_run(run, tmp_path / "bare.traindesk", "", data, quiet)
    opened = open_run(tmp_path / "bare.traindesk", runs_folder, tmp_path / "data", "")
    with pytest.raises(AlreadyHere) as said:
        open_run(own_file, runs_folder, tmp_path / "data", "ben")
    assert_one_sentence(str(said.value), "'Own' is here already", "its pictures, which were missing, came from there")
    [brought] = list_datasets(tmp_path / "data")
    assert brought.id == dataset.id and described(brought, 2) == described(dataset, 2) and said.value.run == opened
    with pytest.raises(AlreadyHere, match="nothing was changed"):
        open_run(own_file, runs_folder, tmp_path / "data", "ben")
