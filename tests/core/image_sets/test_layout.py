"""How folders, tables and names of files are read: layouts as strangers pack them, and what they mean."""

import json
from collections import Counter
from functools import partial
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.image_sets.layout import Layout, recognise
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.sources import Listing, SourceFile


def files(*folders: str, count: int = 12, name: str = "{}.png") -> list[str]:
    return [
        f"{folder}/{name.format(number)}" if folder else name.format(number)
        for folder in folders
        for number in range(count)
    ]


def read(names: list[str], texts: dict[str, str | bytes] | None = None, **how) -> Layout:
    texts = {name: text if isinstance(text, bytes) else text.encode() for name, text in (texts or {}).items()}
    entries = [
        SourceFile(tuple(name.split("/")), len(texts.get(name, "x")), partial(BytesIO, texts.get(name, b"x")))
        for name in [*names, *texts]
    ]
    tables = [each for each in entries if each.parts[-1].endswith((".csv", ".tsv", ".jsonl"))]
    others = [each for each in entries if each.parts[-1].endswith((".txt", ".json", ".xml"))]
    pictures = [each for each in entries if each not in tables and each not in others]
    return recognise(Listing(pictures, tables, others), **how)


def placed(layout: Layout) -> dict[str, int]:
    return dict(Counter(f"{each.split}/{each.class_name}" for each in layout.pictures))


def sames(words: str, count: int = 12) -> dict[str, int]:
    return dict.fromkeys(words.split(), count)


def test_a_reading_that_there_is_not_is_refused_with_those_that_are():
    with pytest.raises(OwnDataError, match=r"cannot be read as 'level-9'; possible are: level-1\."):
        read(files("cat", "dog"), reading="level-9")


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
