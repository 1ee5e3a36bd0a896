"""What files are called that an import leaves out, and one verdict of all findings."""

import pytest

from core.image_sets.finding import Finding, passed_over, shown, verdict


@pytest.mark.parametrize(
    ("kind", "one"),
    [
        ("hidden files", "1 hidden file"),
        ("links", "1 link"),
        ("files that are no pictures", "1 file that is no picture"),
        ("files that are packed again", "1 file that is packed again"),
        ("folders that may not be read", "1 folder that may not be read"),
        ("pictures outside of any class", "1 picture outside of any class"),
        ("files with a path that leads elsewhere", "1 file with a path that leads elsewhere"),
    ],
)
def test_one_file_that_is_passed_over_is_told_as_one(kind, one):
    assert passed_over(1, kind) == one and passed_over(1200, kind) == f"1,200 {kind}"


def test_the_worst_finding_decides():
    fine, few = Finding("sizes", "All measure 3 x 2."), Finding("few", "'a' has few.")
    serious, stops = Finding("doubles", "Twice.", is_serious=True), Finding("one class", "One.", blocks=True)
    assert verdict([]).level == verdict([fine]).level == "good"
    assert verdict([fine, few]).level == verdict([few, serious]).level == "warning"
    assert verdict([few]) != verdict([serious]) and verdict([fine, serious, stops]).level == "stop"


def test_a_finding_shows_a_few_pictures_of_a_few_groups():
    assert shown([list(range(9))] * 9) == ((0, 1, 2, 3),) * 6
