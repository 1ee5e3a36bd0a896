"""A dataset that leaves as a ZIP comes back as it was."""

import zipfile

from core.own_data.bring import bring
from core.own_data.edit import editing
from core.own_data.export import as_zip
from core.own_data.folders import accept
from tests.own import class_files, staged


def described(dataset):
    """(class, split, content) of every picture."""
    members = dataset.members(disabled=True)
    names = {each.id: each.name for each in dataset.classes()}
    contents = dataset.contents(members.images.tolist())
    rows = zip(members.classes.tolist(), members.splits.tolist(), contents, strict=True)
    return sorted((names[label], split, content) for label, split, content in rows)


def test_it_comes_back_with_its_classes_splits_and_pixels(tmp_path):
    made, _ = staged(tmp_path, class_files({"dots": 12, "rings": 9, "数字": 8}))
    dataset = accept(made, "Patterns", tmp_path)
    with editing(dataset, "a class is switched off, a picture moved") as edit:
        first, second, _ = dataset.classes()
        edit.enable([second.id], False)
        edit.move(dataset.page(first.id, 0, 1), second.id)
        edit.into_split(dataset.page(first.id, 1, 3), "val")
    (tmp_path / "out.zip").write_bytes(as_zip(dataset).read())
    again, report = bring(tmp_path / "out.zip", tmp_path / "again", "Patterns", lambda *_: None)
    assert report.unreadable == [] and report.pictures == 29
    assert described(again) == described(dataset)
    assert {split for _, split, _ in described(again)} == {0, 1, 2}


def test_a_class_name_never_makes_a_folder_of_its_own(tmp_path):
    made, _ = staged(tmp_path, class_files({"dots": 5, "rings": 5}))
    dataset = accept(made, "Patterns", tmp_path)
    with editing(dataset, "renamed") as edit:
        edit.rename_class(dataset.classes()[0].id, "../a/b\\c")
    with zipfile.ZipFile(as_zip(dataset)) as archive:
        names = archive.namelist()
    assert all(
        name.count("/") == 2 and "\\" not in name and name.startswith(("train/", "val/", "test/")) for name in names
    )
