"""How folders, tables and names of files are read: layouts as strangers pack them, and what they mean."""

import json
import zipfile
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.image_sets.layout import Layout, recognise
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.sources import Listing, SourceFile, ZipSource


def files(*folders: str, count: int = 12, name: str = "{}.png") -> list[str]:
    return [
        f"{folder}/{name.format(number)}" if folder else name.format(number)
        for folder in folders
        for number in range(count)
    ]


def read(names: list[str], texts: dict[str, str | bytes] | None = None, **how) -> Layout:
    texts = {name: text if isinstance(text, bytes) else text.encode() for name, text in (texts or {}).items()}
    entries = [SourceFile(tuple(name.split("/")), len(texts.get(name, "x")), name) for name in [*names, *texts]]
    tables = [each for each in entries if each.parts[-1].endswith((".csv", ".tsv", ".jsonl"))]
    others = [each for each in entries if each.parts[-1].endswith((".txt", ".json", ".xml"))]
    pictures = [each for each in entries if each not in tables and each not in others]
    return recognise(Listing(pictures, tables, others), lambda entry: texts[entry.name], **how)


def placed(layout: Layout) -> dict[str, int]:
    return dict(Counter(f"{each.split}/{each.class_name}" for each in layout.pictures))


def sames(words: str, count: int = 12) -> dict[str, int]:
    return dict.fromkeys(words.split(), count)


FOLDERS = {
    "classes": (files("cat", "dog"), sames("/cat /dog")),
    "wrapped": (files("a/my set/cat", "a/my set/dog"), sames("/cat /dog")),
    "stray picture": ([*files("set/images/cat", "set/images/dog"), "set/preview.png"], sames("/cat /dog")),
    "preview folder": (files("set/cat/in", "set/dog/out") + files("previews", count=3), sames("/cat /dog")),
    "preview among classes": (files("cat", "dog", count=50) + files("preview", count=2), sames("/cat /dog", 50)),
    "three splits": (
        files("train/cat", "train/dog", "val/cat", "val/dog", "test/cat", "test/dog"),
        sames("train/cat train/dog val/cat val/dog test/cat test/dog"),
    ),
    "training_set, test_set": (
        files("training_set/cat", "training_set/dog", "test_set/cat", "test_set/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "train_set, Dev": (
        files("s/Train_Set/cat", "s/Train_Set/dog", "s/Dev/cat", "s/Dev/dog", "s/hold-out/cat", "s/hold-out/dog"),
        sames("train/cat train/dog val/cat val/dog test/cat test/dog"),
    ),
    "names twice": (
        files("seg_train/seg_train/sea", "seg_train/seg_train/ice", "seg_test/seg_test/sea", "seg_test/seg_test/ice")
        + files("seg_pred/seg_pred"),
        sames("train/sea train/ice test/sea test/ice"),
    ),
    "two splits": (
        files("train/cat", "train/dog", "val/cat", "val/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "split within class": (
        files("cat/train", "cat/test", "dog/train", "dog/test"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "splits of which one is small": (
        files("train/cat", "train/dog", count=400) + files("test/cat", "test/dog", count=2),
        sames("train/cat train/dog", 400) | sames("test/cat test/dog", 2),
    ),
    "a class called train": (files("car", "bus", "train"), sames("/car /bus /train")),
    "kinds within classes": (files("cat/tabby", "cat/siamese", "dog/pug", "dog/collie"), sames("/cat /dog", 24)),
    "images in each class": (files("cat/images", "dog/images"), sames("/cat /dog")),
    "numbers": (files("0", "1", "10"), sames("/0 /1 /10")),
    "unlabelled test": (files("train/cat", "train/dog", "test"), sames("train/cat train/dog")),
    "splits two deep": (
        files("data/train/images/cat", "data/train/images/dog", "data/test/images/cat", "data/test/images/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "few of everything": (
        files("train/cat", "train/dog", "val/cat", "val/dog", "test/cat", "test/dog", count=2),
        sames("train/cat train/dog val/cat val/dog test/cat test/dog", 2),
    ),
    "one split only": (files("train/cat", "train/dog"), sames("/cat /dog")),
}


@pytest.mark.parametrize("names, expected", FOLDERS.values(), ids=FOLDERS)
def test_folders_that_leave_no_doubt(names, expected):
    layout = read(names)
    assert placed(layout) == expected
    assert not layout.question


ASKED = {
    "two years": (
        files("2023/cat", "2023/dog", "2024/cat", "2024/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "one is larger": (
        files("first/cat", "first/dog", count=5) + files("more/cat", "more/dog"),
        sames("train/cat train/dog") | sames("test/cat test/dog", 5),
    ),
    "one is known": (
        files("aside/cat", "aside/dog") + files("train/cat", "train/dog"),
        sames("train/cat train/dog test/cat test/dog"),
    ),
    "cameras": (files(*(f"cam{n}/{kind}" for n in range(5) for kind in ("ok", "broken"))), sames("/ok /broken", 60)),
    "many of their own": (
        files(*(f"{breed}/{sex}" for breed in ("pug", "collie", "boxer", "beagle", "husky") for sex in ("he", "she"))),
        sames("/pug /collie /boxer /beagle /husky", 24),
    ),
}


@pytest.mark.parametrize("names, expected", ASKED.values(), ids=ASKED)
def test_unknown_folders_with_the_same_children_are_asked_about(names, expected):
    layout = read(names)
    assert placed(layout) == expected
    assert "Which level is the class?" in layout.question and len(layout.alternatives) > 1
    for key in layout.alternatives:
        other = read(names, reading=key)
        assert other.key == key and not other.question and len(other.pictures) == len(names)
    outer = {name.split("/")[0] for name in names}
    assert set(read(names, reading="level-1").classes()) == outer


def test_a_reading_that_there_is_not_is_refused_with_those_that_are():
    with pytest.raises(OwnDataError, match=r"cannot be read as 'level-9'; possible are: level-1\."):
        read(files("cat", "dog"), reading="level-9")


def test_of_two_parts_the_second_is_kept_for_the_test_and_that_is_said():
    layout = read(files("train/cat", "train/dog", "valid/cat", "valid/dog"))
    assert any("'valid' is kept for the test" in note for note in layout.notes)
    assert layout.parts == {"train": "train", "test": "valid"}


REFUSED = {
    "flat splits": (files("train", "test"), {}, "'train', 'test' say only what is for training and test"),
    "together": (files(""), {}, "All 12 pictures lie together"),
    "in a folder that says nothing": (files("images"), {}, "lie together"),
    "values": (
        files("images", count=40),
        {"labels.csv": "filename,age\n" + "".join(f"{n}.png,{20 + n * 1.37:.2f}\n" for n in range(40))},
        "40 different numbers in the column 'age'",
    ),
    "several classes": (
        files("train"),
        {"train/_classes.csv": "filename,cat,dog\n" + "".join(f"{n}.png,1,1\n" for n in range(12))},
        "12 rows of the table have several classes",
    ),
    "yolo": (
        files("train/images", "valid/images", name="a{}.jpg"),
        {f"{part}/labels/a{n}.txt": "0 0.5 0.5 0.25 0.1\n" for part in ("train", "valid") for n in range(12)}
        | {"data.yaml.txt": "names: [cat]"},
        "YOLO",
    ),
    "coco": (
        files("train", "valid"),
        {"train/_annotations.coco.json": json.dumps({"images": [], "annotations": [{"bbox": []}], "categories": []})},
        "COCO",
    ),
    "voc": (
        files("JPEGImages"),
        {f"Annotations/{n}.xml": "<annotation><object><bndbox/></object></annotation>" for n in range(12)},
        "Pascal VOC",
    ),
    "boxes": (
        files("train"),
        {"train/_annotations.csv": "filename,class,xmin,ymin,xmax,ymax\n" + "".join(f"{n}.png,cat,1,1,9,9\n" for n in range(12))},
        "boxes around things",
    ),
    "masks": (files("images", "masks"), {}, "segmentation"),
}  # fmt: skip


@pytest.mark.parametrize("names, texts, said", REFUSED.values(), ids=REFUSED)
def test_what_has_no_classes_is_refused_in_a_sentence(names, texts, said):
    with pytest.raises(OwnDataError) as caught:
        read(names, texts)
    sentence = str(caught.value)
    assert said in sentence and "\n" not in sentence and sentence.count(". ") <= 1


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


def test_a_table_whose_every_row_names_several_files_is_passed_over_with_a_word():
    names = [f"cam{camera}/{number}.png" for camera in (1, 2) for number in range(9)]
    rows = "file,label\n" + "".join(f"{number}.png,{'on' if number % 2 else 'off'}\n" for number in range(9))
    layout = read(names, {"labels.csv": rows})
    assert set(layout.classes()) == {"cam1", "cam2"}
    assert "'labels.csv' lies beside: 9 rows of the table name a file that lies in several folders" in layout.notes[0]
    assert not any("lies beside" in note for note in read(names, {}).notes)


def test_rows_that_name_no_picture_or_more_than_one_are_told():
    names = [*files("a"), "b/0.png", "b/99.png"]
    rows = table(PETS) + "gone.png,cat\na/1.png,dog\nb/99.png,bird\n5.png,cat\n"
    rows = rows.replace("a/", "part-a/").replace("b/", "part-b/")
    layout = read([f"images/part-{name}" for name in names], {"labels.csv": rows}, reading="table")
    told = " ".join(layout.notes)
    assert "1 row of the table name a file that lies in several folders ('0.png')" in told
    assert "1 row without a picture ('gone.png')" in told
    assert "1 picture with two different labels" in told
    assert len(layout.pictures) == 11 and layout.without_class == 3


def test_a_row_with_several_classes_is_passed_over_and_told():
    layout = read(files("train"), {"train/_classes.csv": HOT.replace("3.png, 1, 0", "3.png, 1, 1")})
    assert len(layout.pictures) == 11 and any("1 row with several classes or none" in note for note in layout.notes)


NAMES = {
    "cat.12.jpg": ([f"{kind}.{n}.jpg" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
    "glass_3.png": (
        [f"{kind}_{n}.png" for kind in ("glass", "white_paper") for n in range(12)],
        {"glass", "white_paper"},
    ),
    "cat (3).png": ([f"{kind} ({n}).png" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
    "0007-dog.jpg": ([f"{n:04}-{kind}.jpg" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
    "3_0012.png": ([f"{digit}_{n:04}.png" for digit in range(4) for n in range(12)], {"0", "1", "2", "3"}),
    "cat_left_3x.png": ([f"{kind}_{n}_of_12.png" for kind in ("cat", "dog") for n in range(12)], {"cat", "dog"}),
}


@pytest.mark.parametrize("folder", ["", "images/", "pets/"])
@pytest.mark.parametrize("names, classes", NAMES.values(), ids=NAMES)
def test_labels_in_the_names_of_files_are_asked_about(names, classes, folder):
    layout = read([folder + name for name in names])
    assert set(layout.classes()) == classes and len(layout.pictures) == len(names)
    assert "the names of the files seem to" in layout.question


def test_labels_in_names_of_training_pictures_beside_an_unlabelled_test():
    layout = read(files("train", name="cat.{}.png") + files("train", name="dog.{}.png") + files("test", count=20))
    assert placed(layout) == sames("train/cat train/dog") and layout.without_class == 20 and layout.question


def test_numbers_of_a_camera_are_no_labels():
    names = files("holiday", name="IMG_{}.jpg") + files("holiday", name="DSC{}.jpg")
    assert placed(read(names)) == {"/holiday": 24}


@given(
    st.lists(st.from_regex(r"[a-z]{3,8}", fullmatch=True), min_size=2, max_size=4, unique=True),
    st.permutations(["training_set", "Testing", "valid-2"]),
    st.integers(0, 3),
    st.sampled_from(["", "set/", "a/b c/"]),
    st.randoms(use_true_random=False),
)
def test_strays_order_and_names_of_classes_change_nothing(classes, splits, strays, before, random):
    names = [f"{before}{split}/{name}x/{n}.png" for split in splits for name in classes for n in range(5)]
    names += [f"stray{n}.png" for n in range(strays)]
    random.shuffle(names)
    layout = read(names)
    splits_found = {"training_set": "train", "Testing": "test", "valid-2": "val"}
    assert placed(layout) == {f"{splits_found[split]}/{name}x": 5 for split in splits for name in classes}
    assert layout.without_class == strays and not layout.question


@pytest.mark.parametrize(
    "text, codec, said",
    [
        ("file;label\r\n0.png;Bär\r\n1.png;Bör\r\n2.png;Bär\r\n3.png;Bör\r\n", "cp1252", "Windows-1252"),
        ("file,label\n0.png,Bär\n1.png,Bör\n2.png,Bär\n3.png,Bör\n", "utf-16", "UTF-16"),
        ("file,label\n0.png,Bär\n1.png,Bör\n2.png,Bär\n3.png,Bör\n", "utf-16-le", "UTF-16"),
        ("file,label\n0.png,Bär\n1.png,Bör\n2.png,Bär\n3.png,Bör\n", "utf-16-be", "UTF-16"),
        ("file,label\n0.png,猫\n1.png,狗\n2.png,猫\n3.png,狗\n", "gbk", "GBK"),
        ("file,label\n0.png,кошка\n1.png,собака\n2.png,кошка\n3.png,собака\n", "cp1251", "Windows-1251"),
        ("file,label\n0.png,ねこ\n1.png,いぬ\n2.png,ねこ\n3.png,いぬ\n", "cp932", "Shift-JIS"),
        ("file,label\n0.png,crème\n1.png,créée\n2.png,crème\n3.png,créée\n", "cp1252", "Windows-1252"),
        ("file,label\n0.png,Bär\n1.png,猫\n2.png,Bär\n3.png,猫\n", "utf-8-sig", ""),
    ],
)
def test_the_encoding_of_a_table_is_told_from_its_letters(text, codec, said):
    layout = read(files("all", count=4), {"labels.csv": text.encode(codec)})
    labels = {line.split(";" if ";" in line else ",")[1] for line in text.split()[1:]}
    assert set(layout.classes()) == labels
    assert any(said in note for note in layout.notes) if said else not layout.notes


@pytest.mark.parametrize(
    "names, codec, said",
    [
        ("猫 狗", "gbk", "GBK"),
        ("Bär Kühe", "cp437", "DOS"),
        ("Bär Kühe", "cp1252", "Windows-1252"),
        ("Bär 猫", "utf-8", ""),
    ],
)
def test_names_in_an_old_zip_are_read_in_their_own_encoding(tmp_path, names, codec, said):
    path = tmp_path / "old.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names.split():
            for number in range(3):
                length = len(f"{name}/{number}.png".encode(codec))
                archive.writestr(zipfile.ZipInfo(f"{number}{name.encode().hex()}".ljust(length, "x")[:length]), b"x")
    # zipfile would mark other names as UTF-8, so they are written in by hand, in the file's head and in the list at its end
    wanted = [f"{name}/{number}.png".encode(codec) for name in names.split() for number in range(3)]
    path.write_bytes(_renamed(path.read_bytes(), wanted))
    source = ZipSource(path)
    listing = source.listing()
    source.close()
    assert {entry.parts[0] for entry in listing.pictures} == set(names.split())
    assert said in listing.encoding if said else not listing.encoding


def _renamed(data: bytes, names: list[bytes]) -> bytes:
    for mark, length_at, name_at in ((b"PK\x03\x04", 26, 30), (b"PK\x01\x02", 28, 46)):
        place = 0
        for name in names:
            place = data.index(mark, place)
            assert int.from_bytes(data[place + length_at : place + length_at + 2], "little") == len(name)
            data = data[: place + name_at] + name + data[place + name_at + len(name) :]
            place += name_at
    return data
