"""The Data page: bringing, checking, ordering, undoing; wrong input gets a sentence and nothing is lost."""

import re

import pytest

from core.image_sets.edit import editing
from core.image_sets.evidence import SCRATCH, TRANSFER
from core.image_sets.folders import list_datasets
from core.image_sets.import_process import run_import
from core.image_sets.imports import Request, list_jobs, new_job
from core.image_sets.kept_names import KeptNames, names_in_list
from core.image_sets.suggest import suggested
from core.image_sets.zip_names import NAMES
from core.run_config import RunConfig
from pages.components.data.import_form import parts_of
from tests.helpers import assert_one_sentence, wait_until, with_plain_spaces
from tests.own import class_files, encoded, own_dataset, picture, zipped
from tests.pages.apps import go, open_app, press, run, sentence, widget, words

pytestmark = pytest.mark.usefixtures("data")


def imported(data, tmp_path, files, **request):
    job = new_job(data)
    path = zipped(tmp_path / "x.zip", files)
    job.write(Request(str(path), "Patterns", **request))
    run_import(job)
    return job


def test_an_empty_page_says_what_to_do(runs_folder):
    app = open_app("data")
    text = words(app)
    assert text.index("Bring pictures") < text.index("Datasets")
    assert [button.key for button in app.button if button.key.startswith("tile ")] == [
        f"tile {way} " for way in ("files", "folder", "draw", "camera")
    ]


def test_a_tile_opens_its_way_and_closes_it_again(runs_folder, data):
    app = open_app("data")
    assert not app.file_uploader
    press(app, "tile files ")
    assert len(app.file_uploader) == 1 and str(app.query_params["way"]) == "files"
    press(app, "tile draw ")
    assert not app.file_uploader and widget(app, "class of drawings ")
    press(app, "tile draw ")
    assert "way" not in app.query_params


def test_an_uploaded_zip_is_brought_in(runs_folder, data, tmp_path):
    app = open_app("data", way="files")
    app.file_uploader[0].set_value(
        (
            "animals_2.zip",
            zipped(tmp_path / "a.zip", class_files({"dots": 6, "rings": 6})).read_bytes(),
            "application/zip",
        )
    )
    run(app)
    [job] = list_jobs(data)
    assert str(app.query_params["import"]) == job.id and job.request().title == "Animals 2"
    wait_until(lambda: job.progress().state == "ready")
    assert "12 pictures" in app.title[0].value or "12 pictures" in run(app).title[0].value
    press(app, "keep the import")
    [dataset] = list_datasets(data)
    assert dataset.title == "Animals 2" and list_jobs(data) == [] and str(app.query_params["set"]) == dataset.id


def test_loose_pictures_ask_for_their_class(runs_folder, data):
    app = open_app("data", way="files")
    app.file_uploader[0].set_value([(f"{n}.png", encoded(picture("dots", n)), "image/png") for n in range(3)])
    run(app)
    app.text_input(key="class of files ").set_value("  ")
    next(button for button in app.button if button.label == "Bring them in").click()
    run(app)
    assert_one_sentence(sentence(app.error[0]), "needs a name")
    app.text_input(key="class of files ").set_value("dots")
    next(button for button in app.button if button.label == "Bring them in").click()
    run(app)
    assert not app.error, sentence(app.error[0])
    [job] = list_jobs(data)
    assert job.request().class_name == "dots"
    wait_until(lambda: job.progress().state == "ready")
    assert {each.name for each in job.dataset.classes()} == {"dots"}


def test_the_doctor_says_and_repairs(runs_folder, data, tmp_path):
    files = class_files({"dots": 12, "rings": 12, "stripes": 2})
    files |= {
        "rings/same.png": files["dots/0.png"],
        "dots/twice.png": files["dots/1.png"],
        "dots/bad.png": b"x",
        "a.txt": b"x",
    }
    job = imported(data, tmp_path, files)
    app = open_app("data", **{"import": job.id})
    said = words(app)
    for expected in (
        "1 picture is in two classes at once",
        "1 picture is there more than once",
        "'stripes' has fewer than 10 pictures",
        "1 file that is no picture",
        "1 file could not be read",
    ):
        assert expected in said
    press(app, "repair in two classes import")
    press(app, "repair doubles import")
    press(app, "repair few import")
    assert "two classes at once" not in words(app) and "more than once" not in words(app)
    press(app, "keep the import")
    [dataset] = list_datasets(data)
    counts = {each.name: (each.images, each.enabled) for each in dataset.classes()}
    assert counts == {"dots": (11, True), "rings": (12, True), "stripes": (2, False)}


def test_what_trainings_are_to_do_is_chosen_beside_the_finding(runs_folder, data, tmp_path):
    files = class_files({"dots": 30, "rings": 6}) | {
        f"rings/grey {number}.png": encoded(picture("rings", 100 + number).convert("L").resize((50, 70)))
        for number in range(3)
    }
    app = open_app("data", **{"import": imported(data, tmp_path, files).id})
    chosen = {key: widget(app, f"choice {key} import") for key in ("balance", "colour", "fit")}
    assert {key: control.value for key, control in chosen.items()} == {
        "balance": "sampling",
        "colour": "colour",
        "fit": "crop",
    }
    for key, value in (("balance", "weights"), ("colour", "grey"), ("fit", "pad")):
        widget(app, f"choice {key} import").set_value(value)
        run(app)
    press(app, "keep the import")
    [dataset] = list_datasets(data)
    for kind in (SCRATCH, TRANSFER):
        config = RunConfig.from_dict(suggested(dataset, kind))
        assert config.training.balance == "weights"
        assert config.dataset.colour == "grey" and config.dataset.fit == "pad"
    app = open_app("data", set=dataset.id)
    app.session_state[f"part of {dataset.id}"] = "Check"
    run(app)
    assert widget(app, f"choice balance {dataset.id}").value == "weights"


def test_test_pictures_in_train_are_found(runs_folder, data, tmp_path):
    files = class_files({"dots": 10, "rings": 10}, "train/") | class_files({"dots": 3, "rings": 3}, "test/", 50)
    files["train/dots/copy.png"] = files["test/dots/0.png"]
    app = open_app("data", **{"import": imported(data, tmp_path, files).id})
    assert "1 training picture looks like a test picture" in words(app)
    press(app, "repair crossing import")
    assert "looks like a test picture" not in words(app)


def test_a_picture_that_is_like_another_stands_beside_it(runs_folder, data, tmp_path):
    files = class_files({"dots": 12, "rings": 12})
    files["dots/nearly.png"] = encoded(picture("dots", 3).resize((90, 90)).resize((88, 88)))
    files["rings/twice.png"] = files["rings/5.png"]
    app = open_app("data", **{"import": imported(data, tmp_path, files).id})
    boxes = re.findall(r'<div class="twins".*?</div>', words(app))
    captions = {frozenset(re.findall(r"<figcaption>(.*?)</figcaption>", box)) for box in boxes}
    assert frozenset(("rings/5.png", "rings/twice.png")) in captions
    assert frozenset(("dots/3.png", "dots/nearly.png")) in captions
    assert all(box.count("data:image") == 2 for box in boxes)


def test_a_failed_import_says_why_and_goes(runs_folder, data, tmp_path):
    job = imported(data, tmp_path, {"a.txt": b"x"})
    app = open_app("data", **{"import": job.id})
    assert_one_sentence(sentence(app.error[0]), "no picture")
    next(button for button in app.button if button.label == "Back").click()
    run(app)
    assert list_jobs(data) == [] and "Bring pictures" in words(app)


def test_pictures_that_are_there_already_are_told_and_left_out(runs_folder, data, tmp_path, monkeypatch):
    dataset = own_dataset(data, tmp_path, {"dots": 20, "rings": 20})
    same = class_files({"dots": 20, "rings": 20})
    app = open_app("data", **{"import": imported(data, tmp_path, same, into=dataset.id).id})
    assert "All 40 pictures are already in Patterns." in words(app) and ":material/check_circle:" not in words(app)
    assert not [button for button in app.button if button.key == "leave out known"]
    more = same | class_files({"stripes": 12}, first=100)
    app = open_app("data", **{"import": imported(data, tmp_path, more, into=dataset.id).id})
    assert "40 of these 52 pictures are already in Patterns." in words(app)
    monkeypatch.setattr("core.image_sets.merge.MOST_AHEAD", 10)
    press(app, "leave out known")
    assert "already in Patterns" not in words(app) and "12 pictures" in app.title[0].value
    assert "12 of stripes" in words(run(app)) and "a training of Patterns will have" not in words(app)
    press(app, "keep the import")
    assert {each.name: each.images for each in dataset.classes()} == {"dots": 20, "rings": 20, "stripes": 12}


def test_two_datasets_of_one_name_can_be_told_apart_in_the_form(runs_folder, data, tmp_path):
    made = [own_dataset(data, tmp_path / name, {"dots": 12, "rings": 12}) for name in ("one", "two")]
    assert len({each.title for each in made}) == 1
    app = open_app("data", set=made[0].id)
    press(app, "train on them")
    run(go(app, "train"))
    labels = widget(app, "form:dataset.own_images.source").options
    assert len(set(labels)) == len(labels) == 3 and all(any(each.id in label for label in labels) for each in made)


def test_the_check_of_an_old_dataset_stays_reachable(runs_folder, data, tmp_path):
    dataset = own_dataset(data, tmp_path)
    with editing(dataset, "one class") as edit:
        edit.remove_classes([dataset.classes()[0].id])
    app = open_app("data", set=dataset.id)
    assert any("at least 2" in sentence(error) for error in app.error)


def test_the_share_for_the_test_is_shown_before_it_is_made_so(runs_folder, data, tmp_path):
    dataset = own_dataset(data, tmp_path)
    app = open_app("data", set=dataset.id)
    slider = app.select_slider(key=f"test share of {dataset.id}")
    before = words(app)
    wanted = words(run(slider.set_value(50).run() and app))
    assert wanted != before and dataset.newest() == 1
    then = re.search(r"Then a training has .* and ([\d,]+) test pictures", wanted)[1]
    press(app, "hold out for the test")
    assert dataset.newest() == 2
    assert sum(each.counts.get("test", 0) for each in dataset.classes()) == int(then) > 0
    assert "Hold out 50 % for the test" in with_plain_spaces(words(app))


def test_drawings_that_are_no_dataset_yet_are_not_lost(runs_folder, data):
    job = new_job(data)
    (job.uploads / "star").mkdir()
    (job.uploads / "star" / "1.png").write_bytes(encoded(picture("dots", 1)))
    app = open_app("data")
    assert "1 drawing of star: not a dataset yet" in words(app).replace("**", "")
    press(app, f"go on {job.id}")
    assert "star 1 of 20" in words(app).replace("**", "") and "Still needed" in words(app)
    for number in range(2, 22):
        (job.uploads / "star" / f"{number}.png").write_bytes(encoded(picture("dots", 1)))
    shown = words(run(app)).replace("**", "")
    assert "star 21" in shown and "21 of 20" not in shown
    app = open_app("data")
    press(app, f"throw away {job.id}")
    assert list_jobs(data) == []


@pytest.mark.parametrize(
    "name", [".\0./.\0./x/evil.png", "..\\..\\evil.png", "//etc/evil.png", ".\u202e./evil.png", ".\0./..", "", "\0"]
)
def test_no_name_of_a_file_leads_out_of_the_folder_for_uploads(name):
    parts = parts_of(name)
    assert parts and not {"..", "/", ""} & set(parts) and "\0" not in "".join(parts)
    assert parts[-1] in ("evil.png", "picture")


def test_files_lie_where_uploads_belong_whatever_they_are_called(runs_folder, data, monkeypatch):
    monkeypatch.setattr("pages.components.data.import_form.start", lambda *_: None)
    app = open_app("data", way="files")
    files = [("labels.csv", b"file,label\n", "text/csv"), ("../.\u202e./../evil.png", b"a picture", "image/png")]
    app.file_uploader[0].set_value(files)
    run(app)
    [job] = list_jobs(data)
    found = [path for path in data.parent.rglob("*") if path.is_file() and path.read_bytes() == b"a picture"]
    assert found == [job.uploads / "evil.png"]


def test_a_folder_that_not_every_system_can_have_keeps_its_name(runs_folder, data, monkeypatch):
    monkeypatch.setattr("pages.components.data.import_form.start", lambda *_: None)
    app = open_app("data", way="files")
    files = [("what?/aux.png", b"a picture", "image/png"), ("cat/labels.csv", b"file,label\n", "text/csv")]
    app.file_uploader[0].set_value(files)
    run(app)
    [job] = list_jobs(data)
    lies = {path.relative_to(job.uploads).as_posix() for path in job.uploads.glob("*/*")}
    assert lies == {"what？/aux_.png", "cat/labels.csv"}
    assert names_in_list((job.uploads / NAMES).read_bytes()) == {"what？": "what?", "aux_.png": "aux.png"}


def test_a_drawn_class_that_no_folder_can_be_called_goes_by_its_name(runs_folder, data):
    job = new_job(data)
    names = KeptNames(job.uploads)
    for class_name in ("what?", "star"):
        place = names.place([class_name])
        place.mkdir()
        for number in range(21):
            (place / f"{number}.png").write_bytes(encoded(picture("dots", number)))
    names.keep()
    app = open_app("data")
    assert "42 drawings of star, what?: not a dataset yet" in words(app).replace("**", "")
    press(app, f"go on {job.id}")
    assert "what? 21" in words(app).replace("**", "") and "what？" not in words(app)


@pytest.mark.parametrize("name", ["A", "a b", "../..", "<b>x", "nosuch"])
def test_an_address_of_no_dataset_is_a_sentence_with_the_way_to_the_others(name):
    app = open_app("data", set=name)
    assert not app.exception and re.search("is no name of a dataset|is not in", app.warning[0].value)
    next(button for button in app.button if button.label == "All datasets").click()
    assert "Pictures to learn from" in words(run(app))
