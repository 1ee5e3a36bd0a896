"""Own pictures from the command line: imported, listed, shown, exported, trained on."""

import pytest

from core.image_sets.finding import passed_over
from core.runs.store import list_runs
from tests.helpers import assert_one_sentence, document
from tests.own import class_files, zipped

CLASSES = {"dots": 20, "rings": 12}


@pytest.fixture
def archive(tmp_path):
    return zipped(tmp_path / "patterns.zip", class_files(CLASSES))


def kept(call, archive):
    status, out, _ = call("images", "import", archive, "--keep", "--json")
    assert status == 0
    return document(out)["id"]


def test_an_import_says_how_it_was_read_and_leaves_nothing(call, archive, tmp_path):
    status, out, err = call("images", "import", archive, "--json")
    found = document(out)
    assert status == 0 and "Reading the pictures" in err
    assert (found["layout"], found["pictures"]) == ("Class folders.", 32)
    assert {each["name"]: each["train"] + each["test"] for each in found["classes"]} == CLASSES
    assert "id" not in found
    assert not [path for path in (tmp_path / "data").rglob("*") if path.is_file()]


def test_what_is_kept_is_listed_shown_and_exported_and_comes_back_equal(call, archive, tmp_path):
    name = kept(call, archive)
    assert [each["id"] for each in document(call("images", "list", "--json")[1])] == [name]
    shown = document(call("images", "show", name, "--json")[1])
    assert (shown["id"], shown["title"], len(shown["versions"])) == (name, "patterns", 2)
    assert call("images", "export", "latest", tmp_path / "out.zip")[0] == 0
    again = document(call("images", "import", tmp_path / "out.zip", "--json")[1])
    assert again["classes"] == shown["classes"]


def test_findings_are_said(call, archive, tmp_path):
    files = class_files(CLASSES)
    zipped(archive, files | {"rings/copy.png": files["dots/0.png"]})
    status, out, _ = call("images", "import", archive)
    assert status == 0 and "! 1 picture is in two classes at once" in out


def test_what_was_passed_over_is_counted_in_words(call, archive):
    for strays, said in ((1, "1 picture outside"), (2, "2 pictures outside")):
        zipped(
            archive,
            class_files(CLASSES) | {f"{n}.png": class_files({"lone": 2})[f"lone/{n}.png"] for n in range(strays)},
        )
        status, out, _ = call("images", "import", archive)
        assert status == 0 and f"Passed over: {said} of any class" in out
    for files, one in (
        ("files that are no pictures", "1 file that is no picture"),
        ("folders that may not be read", "1 folder that may not be read"),
        ("files with a path that leads elsewhere", "1 file with a path that leads elsewhere"),
        ("links", "1 link"),
    ):
        assert passed_over(1, files) == one and passed_over(2, files) == f"2 {files}"


def test_a_training_takes_what_the_page_suggests(call, archive, runs_folder):
    name = kept(call, archive)
    status, out, _ = call("train", "--images", name, "--set", "epochs=1", "architecture=mlp", "device=cpu", "--json")
    (run,) = list_runs(runs_folder)
    assert status == 0 and document(out)["status"] == "finished"
    assert run.config().dataset.source == name and run.config().dataset.facts.class_names == ("dots", "rings")
    described = document(call("describe", "--images", "latest", "--transfer", "--json")[1])
    assert described["input"][-1] == 224


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("images", "import", "nowhere.zip"), ("nowhere.zip", "ZIP or a folder")),
        (("images", "show", "latest"), ("no own pictures", "--keep")),
        (("images", "show", "other"), ("'other'",)),
        (("train", "--images", "latest"), ("no own pictures",)),
        (("train", "--recipe", "mlp", "--transfer"), ("--images",)),
    ],
)
def test_wrong_input_is_one_sentence(call, arguments, parts):
    status, _, err = call(*arguments)
    assert status == 2
    assert_one_sentence(err.strip(), *parts)


def test_a_training_that_cannot_start_is_refused_with_its_reason_and_the_plan_is_told(call, tmp_path):
    files = class_files(CLASSES, "train/") | class_files({"dots": 3}, "val/", 50)
    files |= class_files({"dots": 4, "rings": 4}, "test/", 80)
    status, out, _ = call("images", "import", zipped(tmp_path / "lopsided.zip", files), "--keep", "--json")
    found = document(out)
    assert status == 0 and not found["can_train"]
    assert found["plan"] == [
        {"name": "dots", "train": 20, "val": 3, "test": 4},
        {"name": "rings", "train": 12, "val": 0, "test": 4},
    ]
    status, _, err = call("train", "--images", found["id"], "--set", "epochs=1")
    assert status == 2 and "All 3 validation pictures are of 'dots'" in err and "buttons that mend" in err
    assert list_runs(tmp_path / "runs") == []


def test_wrong_labels_are_looked_for_and_named_by_their_files(call, tmp_path, monkeypatch):
    from core.image_analysis import photo_features
    from tests.core.image_analysis.test_label_check import photo

    monkeypatch.setattr(
        photo_features, "photo_features", lambda _, seen: seen[:, 0, ::8, ::8].reshape(len(seen), -1) / 255
    )
    files = {
        f"{name}/{number}.png": photo(name == "bright", number) for name in ("bright", "dark") for number in range(30)
    }
    files["dark/misplaced.png"] = photo(True, 100)
    name = kept(call, zipped(tmp_path / "photos.zip", files))
    found = document(call("images", "check", name, "--json")[1])
    assert (found["looked_at"], found["pictures"], found["version"]) == (61, 61, 1)
    [doubt] = [each for each in found["doubts"] if each["file"] == "dark/misplaced.png"]
    assert (doubt["labelled"], doubt["looks_like"]) == ("dark", "bright") and doubt["probability"] > 0.5
    assert "dark/misplaced.png: dark, looks like bright" in call("images", "check", name)[1]


def test_what_cannot_be_checked_is_said_in_a_sentence(call, tmp_path):
    name = kept(call, zipped(tmp_path / "one.zip", class_files({"dots": 5})))
    status, _, err = call("images", "check", name)
    assert status == 1
    assert_one_sentence(err.splitlines()[-1], "too few pictures")
