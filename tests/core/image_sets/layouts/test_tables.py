"""Tables that name the class of each picture, as strangers write them."""

import json

import pytest

from tests.core.image_sets.test_layout import files, placed, read, sames


def table(labels: list[str], head: str = "file,label", name: str = "{}.png") -> str:
    return head + "\n" + "".join(f"{name.format(n)},{label}\n" for n, label in enumerate(labels))


PETS = ["cat", "dog"] * 6


HOT = "filename, cat, dog\n" + "".join(f"{n}.png, {n % 2}, {1 - n % 2}\n" for n in range(12))


LINES = "".join(json.dumps({"file_name": f"{n}.png", "label": PETS[n]}) + "\n" for n in range(12))


TABLES = {
    "id and label": (files("images"), {"labels.csv": table(PETS, "id,breed", "{}")}, sames("/cat /dog", 6)),
    "unnamed, together": (files("all"), {"all/x.csv": table(PETS, "a,b")}, sames("/cat /dog", 6)),
    "no heads": (files("all"), {"x.csv": table(PETS, "").lstrip()}, sames("/cat /dog", 6)),
    "semicolons": (files("all"), {"x.csv": table(PETS).replace(",", ";")}, sames("/cat /dog", 6)),
    "tabs": (files("all"), {"x.tsv": table(PETS).replace(",", "\t")}, sames("/cat /dog", 6)),
    "more columns": (
        files("all"),
        {"x.csv": "width,image,species,site\n" + "".join(f"48,{n}.png,{PETS[n]},{n}\n" for n in range(12))},
        sames("/cat /dog", 6),
    ),
    "train beside an unlabelled test": (
        files("train", "test"), {"train.csv": table(PETS, "id,label", "{}"), "sample_submission.csv": table(["x"] * 12)},
        sames("train/cat train/dog", 6),
    ),
    "one-hot in each split": (
        files("train", "valid", "test"), {f"{part}/_classes.csv": HOT for part in ("train", "valid", "test")},
        sames("train/cat train/dog val/cat val/dog test/cat test/dog", 6),
    ),
    "metadata.jsonl": (
        files("train", "test"), {"train/metadata.jsonl": LINES, "test/metadata.jsonl": LINES},
        sames("train/cat train/dog test/cat test/dog", 6),
    ),
    "paths of another computer": (
        files("train", "test"),
        {"x.csv": table(PETS, name="/home/ann/data/train/{}.png") + table(PETS, "", r"C:\data\test\{}.png").lstrip()},
        sames("train/cat train/dog test/cat test/dog", 6),
    ),
    "column of splits": (
        files("all"),
        {"x.csv": "file,label,split\n" + "".join(f"{n}.png,{PETS[n]},{'test' if n > 7 else 'Train'}\n" for n in range(12))},
        sames("train/cat train/dog", 4) | sames("test/cat test/dog", 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("names, texts, expected", TABLES.values(), ids=TABLES)
def test_tables_that_leave_no_doubt(names, texts, expected):
    layout = read(names, texts)
    assert placed(layout) == expected
    assert not layout.question and layout.key == "table"


def test_class_folders_beat_a_column_that_nothing_names_and_a_named_one_is_asked_about():
    names = files("cat", "dog")
    people = "filename,photographer\n" + "".join(
        f"{name},{('Ann', 'Bob', 'Cy')[n % 3]}\n" for n, name in enumerate(names)
    )
    layout = read(names, {"credits.csv": people})
    assert placed(layout) == sames("/cat /dog") and not layout.question
    assert any("credits.csv" in note for note in layout.notes) and "table" in layout.alternatives
    layout = read(names, {"credits.csv": people.replace("photographer", "label")})
    assert placed(layout) == sames("/cat /dog") and "Which are right?" in layout.question
    assert set(read(names, {"credits.csv": people}, reading="table").classes()) == {"Ann", "Bob", "Cy"}
    same = "filename,label\n" + "".join(f"{name},{name[0]}\n" for name in names)
    assert not read(names, {"labels.csv": same}).question
    sums = "file,md5\n" + "".join(f"{name},{n:032x}\n" for n, name in enumerate(names))
    assert list(read(names, {"sums.csv": sums}).alternatives) == ["level-1"]


def test_a_row_with_several_classes_is_passed_over_and_told():
    layout = read(files("train"), {"train/_classes.csv": HOT.replace("3.png, 1, 0", "3.png, 1, 1")})
    assert len(layout.pictures) == 11 and any("1 row with several classes or none" in note for note in layout.notes)
