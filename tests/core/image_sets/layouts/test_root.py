"""Where pictures begin to differ, in spite of a few that lie beside."""

from io import BytesIO

from core.image_sets.layouts.root import few, root_of
from core.image_sets.sources import SourceFile


def root(*names: str) -> str:
    return "/".join(root_of([SourceFile(tuple(name.split("/")), 1, BytesIO) for name in names]))


def of(folder: str, count: int = 20) -> list[str]:
    return [f"{folder}/{number}.png" for number in range(count)]


def test_wrappers_lead_to_the_folder_of_the_classes():
    assert root(*of("a/b/cat"), *of("a/b/dog")) == "a/b"
    assert root(*of("cat"), *of("dog")) == "" == root("1.png", "2.png")


def test_a_few_strays_move_nothing_and_many_do():
    assert root(*of("a/cat"), *of("a/dog"), "preview.png") == "a"
    assert root(*of("a/cat"), *of("a/dog"), *of("b", 20)) == ""
    assert few(10) == 6 and few(1000) == 30
