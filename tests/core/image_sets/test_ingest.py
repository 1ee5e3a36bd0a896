"""Ingesting: layouts, what is passed over, what cannot be read, and archives that mean harm."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from core.image_sets import ingest as ingesting
from core.image_sets.ingest import Cancelled, ingest
from core.image_sets.own_dataset import OwnDataError
from core.images.read import MAX_FILE_BYTES
from tests.helpers import assert_one_sentence
from tests.own import class_files, encoded, picture, staged, zipped


def counts(dataset):
    return {each.name: each.counts for each in dataset.classes()}


def refused(tmp_path, files, *words):
    with pytest.raises(OwnDataError) as caught:
        staged(tmp_path, files)
    assert_one_sentence(str(caught.value), *words)


def test_class_folders_become_classes_and_a_fifth_of_each_the_test(tmp_path):
    dataset, report = staged(tmp_path, class_files({"stripes": 20, "dots": 10}))
    assert counts(dataset) == {"dots": {"train": 8, "test": 2}, "stripes": {"train": 16, "test": 4}}
    assert report.pictures == 30 and not report.skipped and not report.unreadable
    assert dataset.newest() == 1 and dataset.facts_file(1).is_file()


def test_folders_around_the_classes_do_not_matter(tmp_path):
    dataset, _ = staged(tmp_path, class_files({"stripes": 5, "dots": 5}, before="download/my pictures/"))
    assert set(counts(dataset)) == {"stripes", "dots"}


def test_splits_are_not_taken_for_classes(tmp_path):
    files = class_files({"stripes": 6, "dots": 6}, "set/train/") | class_files(
        {"stripes": 2, "dots": 3}, "set/Test/", 50
    )
    files |= class_files({"stripes": 2, "dots": 2}, "set/valid/", 80)
    dataset, report = staged(tmp_path, files)
    assert counts(dataset) == {"dots": {"train": 6, "val": 2, "test": 3}, "stripes": {"train": 6, "val": 2, "test": 2}}
    assert any("look like splits, not classes" in note for note in report.notes)


def test_a_folder_beside_the_splits_is_passed_over(tmp_path):
    files = class_files({"stripes": 6, "dots": 6}, "train/") | class_files({"stripes": 2, "dots": 2}, "test/", 50)
    dataset, report = staged(tmp_path, files | class_files({"rings": 3}, "unsorted/"))
    assert set(counts(dataset)) == {"stripes", "dots"} and report.skipped == {"pictures outside of any class": 3}


def test_of_two_splits_the_second_becomes_the_test(tmp_path):
    files = class_files({"stripes": 10, "dots": 10}, "train/") | class_files({"stripes": 4, "dots": 4}, "val/", 50)
    dataset, _ = staged(tmp_path, files)
    assert counts(dataset)["dots"] == {"train": 10, "test": 4}


def test_one_split_alone_is_no_class(tmp_path):
    dataset, _ = staged(tmp_path, class_files({"stripes": 6, "dots": 6}, "train/"))
    assert set(counts(dataset)) == {"stripes", "dots"}


@pytest.mark.parametrize("table", ["file,label\n", "image_id;breed\n", "Name,Category,split\n"])
def test_a_table_names_the_classes(tmp_path, table):
    between, width = ";" if ";" in table else ",", 3 if "split" in table else 2
    rows = []
    for n in range(16):
        row = [str(n) if "id" in table else f"{n}.png", "stripes" if n < 8 else "dots", "train" if n % 4 else "test"]
        rows.append(between.join(row[:width]))
    files = {f"all/{n}.png": encoded(picture("stripes" if n < 8 else "dots", n)) for n in range(16)}
    dataset, report = staged(tmp_path, files | {"all/labels.csv": (table + "\n".join(rows)).encode()})
    assert {name: sum(count.values()) for name, count in counts(dataset).items()} == {"dots": 8, "stripes": 8}
    assert "labels.csv" in report.layout
    if "split" in table:
        assert counts(dataset)["dots"] == {"train": 6, "test": 2}


def test_pictures_that_lie_together_say_what_is_missing(tmp_path):
    refused(tmp_path, {f"{n}.png": encoded(picture("dots", n)) for n in range(3)}, "All 3 pictures lie together", "CSV")


def test_rubbish_is_passed_over_and_counted(tmp_path):
    good = class_files({"stripes": 5, "dots": 5})
    rubbish = {
        "__MACOSX/stripes/._0.png": b"x",
        "stripes/.hidden.png": b"x",
        "dots/Thumbs.db": b"x",
        "notes.txt": b"x",
        "dots/film.mp4": b"x",
    }
    dataset, report = staged(tmp_path, good | rubbish)
    assert report.pictures == 10
    assert report.skipped == {"hidden files": 3, "files that are no pictures": 2}


def test_a_picture_is_known_by_its_first_bytes_whatever_its_name(tmp_path):
    """Photos of phones: HEIC, JPEGs that are called HEIC, and files that lost their ending."""
    files = {
        f"{kind}/{number}{ending}": encoded(picture(kind, number), format_name)
        for kind in ("stripes", "dots")
        for number, (ending, format_name) in enumerate(
            [(".heic", "HEIF"), (".HEIC", "JPEG"), ("", "JPEG"), (".download", "PNG"), (".avif", "AVIF")]
        )
    }
    dataset, report = staged(tmp_path, files | {"dots/notes.heic": b"no picture", "dots/readme": b"no picture"})
    assert report.pictures == 10 and report.skipped == {"files that are no pictures": 1}
    assert [name for name, _ in report.unreadable] == ["dots/notes.heic"]


def test_unreadable_pictures_are_named_and_the_rest_comes_in(tmp_path):
    files = class_files({"stripes": 5, "dots": 5})
    files["dots/broken.jpg"] = encoded(picture("dots", 9), "JPEG")[:300]
    files["dots/text.png"] = b"no picture at all"
    _, report = staged(tmp_path, files)
    assert report.pictures == 10 and report.unreadable_count == 2
    assert {name for name, _ in report.unreadable} == {"dots/broken.jpg", "dots/text.png"}


def test_large_and_lying_photos_are_kept_small_and_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    files = class_files({"dots": 3})
    files["stripes/0.jpg"] = encoded(picture("stripes", 1, (1600, 1000)), "JPEG", exif=exif)
    files |= {f"stripes/{n}.png": encoded(picture("stripes", n)) for n in range(1, 3)}
    dataset, report = staged(tmp_path, files)
    assert report.turned == 1 and report.reduced == 1
    with dataset.connected() as connection:
        number, width, height = connection.execute("select id, width, height from images where turned").fetchone()
    assert (width, height) == (1000, 1600)
    import io

    kept = Image.open(io.BytesIO(dataset.content(number)))
    assert kept.size == (320, 512)


def test_names_in_any_script_stay_as_they_are(tmp_path):
    path = tmp_path / "names.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(4):
            archive.writestr(f"кошки 猫/{number}.png", encoded(picture("dots", number)))
            archive.writestr(f"cafe\u0301/{number}.png", encoded(picture("stripes", number)))
    dataset, _ = ingest(path, tmp_path / "set", "Names", lambda *_: None)
    assert set(counts(dataset)) == {"кошки 猫", "caf\u00e9"}


def test_paths_that_lead_elsewhere_and_links_are_passed_over_and_nothing_is_written_outside(tmp_path):
    path = tmp_path / "inner" / "bad.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in class_files({"stripes": 4, "dots": 4}).items():
            archive.writestr(name, data)
        for name in ("../../evil.png", "/etc/evil.png", "C:\\evil.png", "stripes/../../../evil.png"):
            archive.writestr(name, encoded(picture("dots", 1)))
        link = zipfile.ZipInfo("dots/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    before = {entry for entry in tmp_path.rglob("*") if "set" not in entry.parts[len(tmp_path.parts) :][0]}
    dataset, report = ingest(path, tmp_path / "set", "Bad", lambda *_: None)
    assert report.pictures == 8 and report.skipped == {"files with a path that leads elsewhere": 4, "links": 1}
    assert {entry for entry in tmp_path.rglob("*") if "set" not in entry.parts[len(tmp_path.parts) :][0]} == before
    assert {entry.name for entry in dataset.folder.iterdir()} == {"pictures.sqlite", "v1.json"}


def test_a_file_that_is_larger_than_any_picture_is_named_and_not_read(tmp_path):
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in class_files({"stripes": 3, "dots": 3}).items():
            archive.writestr(name, data)
        archive.writestr("dots/large.png", bytes(MAX_FILE_BYTES + 1))
    _, report = ingest(path, tmp_path / "set", "Large", lambda *_: None)
    assert report.unreadable == [("dots/large.png", "is a file of 50 MB; the limit is 50 MB")]


def test_many_files_are_read_by_helper_processes_with_the_same_result(tmp_path, monkeypatch):
    files = class_files({"stripes": 30, "dots": 30}) | {"dots/bad.png": b"x"}
    alone, report = staged(tmp_path, files, "alone.zip")
    monkeypatch.setattr(ingesting, "FEW", 10)
    monkeypatch.setattr(ingesting, "CHUNK_FILES", 7)
    monkeypatch.setattr(ingesting, "usable_cores", lambda: 2)
    helped, other = staged(tmp_path, files, "helped.zip")
    assert other == report
    one, two = alone.members(), helped.members()
    for name in ("images", "classes", "splits", "group_ids"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert list(alone.contents(one.images)) == list(helped.contents(two.images))


def test_cancelling_ends_it_at_once(tmp_path):
    def progress(phase, done, total):
        if phase == "Reading the pictures":
            raise Cancelled

    with pytest.raises(Cancelled):
        ingest(zipped(tmp_path / "a.zip", class_files({"stripes": 3, "dots": 3})), tmp_path / "set", "Cut", progress)


@pytest.mark.links
def test_a_folder_of_the_computer_comes_in_and_links_are_not_followed(tmp_path):
    folder = tmp_path / "here"
    for name, data in class_files({"stripes": 4, "dots": 4}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "1.png").write_bytes(encoded(picture("rings", 1)))
    (folder / "rings").symlink_to(tmp_path / "secret", target_is_directory=True)
    (folder / "dots" / "link.png").symlink_to(tmp_path / "secret" / "1.png")
    dataset, report = ingest(folder, tmp_path / "set", "Here", lambda *_: None)
    assert set(counts(dataset)) == {"stripes", "dots"} and report.pictures == 8 and report.skipped == {"links": 1}


def test_other_pages_of_a_tiff_are_told(tmp_path):
    files = class_files({"stripes": 3, "dots": 3})
    pages = [picture("rings", number) for number in range(3)]
    files["dots/scan.tif"] = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    files["dots/one page.tif"] = encoded(pages[0], "TIFF")
    _, report = staged(tmp_path, files)
    assert report.pictures == 8 and report.paged == 1
    assert "1 file has several pages, of which the first is taken." in report.notes
