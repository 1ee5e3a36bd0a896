"""What counts as the same answer, what does not, and that the answers here are those of the page."""

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from core.errors import TrainDeskError
from core.export.package.proof import SAME, Answers, answers_of, compared
from core.export.package.proof_pictures import Tried
from core.paths import HOME
from tests.core.export.networks import random_classifier, random_known
from tests.helpers import assert_one_sentence, has_ended, wait_until

LIMIT = 2.0


@pytest.fixture
def tried():
    """Two drawings, of which one is empty, and four validation pictures."""
    return Tried(
        [Path(f"validation-{n}.png") for n in range(4)], np.array([0, 1, 2, 0]), [Path("f-0.png"), Path("f-1.png")]
    )


@pytest.fixture
def own():
    shares = np.array([[np.nan] * 3, [0.2, 0.3, 0.5], [0.9, 0.1, 0], [0.1, 0.8, 0.1], [0, 0.1, 0.9], [0.4, 0.35, 0.25]])
    scores = np.array([0, 3.0, 0.5, 1.0, 1.5, 2.5])
    return Answers(shares.astype(np.float32), scores, scores > LIMIT, ["Nothing is drawn.", "", "", "", "", ""])


def with_shares(answers, place, shares):
    changed = answers.probabilities.copy()
    changed[place] = shares
    return replace(answers, probabilities=changed)


def check(own, theirs, tried):
    return compared(own, theirs, tried, LIMIT, "drawing")


def differs(own, theirs, tried, *parts):
    with pytest.raises(TrainDeskError) as caught:
        check(own, theirs, tried)
    assert_one_sentence(str(caught.value), "no package", *parts)


def test_the_same_is_the_same(own, tried):
    found = check(own, own, tried)
    assert found["sentence"] == (
        "4 of 4 pictures and 2 of 2 drawings get the same answer; probabilities differ by at most 0."
    )
    assert (found["pictures"], found["drawings"], found["empty"], found["unfamiliar"]) == (4, 2, 1, 2)
    assert found["right"] == 4


@pytest.mark.parametrize(
    ("difference", "said"),
    [(0, "0"), (1.2e-5, "0.00002"), (2.01e-5, "0.00003"), (9.9e-5, "0.0001"), (3.5e-7, "0.0000004")],
)
def test_small_differences_of_probabilities_are_told_and_none_is_told_to_be_less(own, tried, difference, said):
    found = check(own, with_shares(own, 2, [0.9 + difference, 0.1 - difference, 0]), tried)
    assert found["sentence"].endswith(f"get the same answer; probabilities differ by at most {said}.")
    assert found["largest_difference"] == pytest.approx(difference, abs=1e-7)


def test_a_larger_difference_of_a_probability_is_too_much(own, tried):
    differs(
        own, with_shares(own, 2, [0.8997, 0.1003, 0]), tried, "1 of 6 pictures", "validation-0", "0.89970 instead of"
    )


def test_another_class_is_too_much_unless_two_are_equally_likely(own, tried):
    differs(own, with_shares(own, 3, [0.8, 0.1, 0.1]), tried, "class 1 with 0.80000 instead of class 2")
    tie = with_shares(own, 3, [0.45, 0.45002, 0.09998])
    other = with_shares(own, 3, [0.45002, 0.45, 0.09998])
    found = check(tie, other, tried)
    assert "3 of 4 pictures and 2 of 2 drawings get the same answer (1 is too close to call)" in found["sentence"]
    assert found["undecided"] == 1


def test_another_verdict_is_too_much_unless_the_score_lies_at_the_limit(own, tried):
    other = replace(own, unfamiliar=~own.unfamiliar)
    differs(own, other, tried, "6 of 6 pictures")
    scores = own.ood_scores.copy()
    scores[4] = LIMIT * (1 + SAME / 2)
    near = replace(own, ood_scores=scores, unfamiliar=scores > LIMIT)
    found = check(near, replace(near, unfamiliar=own.unfamiliar), tried)
    assert found["undecided"] == 1 and found["pictures_same"] == 3


def test_words_where_there_should_be_an_answer_are_too_much_and_so_are_others(own, tried):
    silent = [*own.sentences[:4], "It cannot be read.", ""]
    differs(own, with_shares(replace(own, sentences=silent), 4, [np.nan] * 3), tried, "nothing instead of class 3")
    differs(own, replace(own, sentences=["Another sentence.", *own.sentences[1:]]), tried, "1 of 6")


def test_what_is_no_number_is_too_much(own, tried):
    differs(own, with_shares(own, 2, [0.9, np.nan, 0]), tried, "1 of 6 pictures")


def test_the_answers_here_are_those_of_the_page(tmp_path):
    from pages.components.classify.networks import said_of_many

    @dataclass
    class Network:
        classifier: object
        known: object

    classifier = random_classifier("simple_cnn", "mnist", channels=[4, 8], hidden=[16])
    known = random_known(classifier)
    files = []
    for number in range(5):
        files.append(tmp_path / f"{number}.png")
        canvas = np.full((120, 100), 255, np.uint8)
        canvas[20:100, 30 + 4 * number : 38 + 4 * number] = 0
        canvas[80 - 8 * number : 88, 30:80] = 30 * number
        Image.fromarray(canvas).save(files[-1])
    own = answers_of(classifier, known, files)
    said = said_of_many(Network(classifier, known), [classifier.prepare(Image.open(file)) for file in files])
    assert np.array_equal(own.probabilities, np.stack([each.probabilities for each in said]))
    assert own.unfamiliar.tolist() == [each.is_unknown for each in said]
    assert own.best.tolist() == [each.first for each in said]


def test_the_program_that_is_tried_ends_with_who_tried_it(tmp_path):
    """Else a package that is given up would be tried to the end, by nobody's wish."""
    (tmp_path / "predict.py").write_text("import time\ntime.sleep(1000)")
    asks = (
        "import sys\nfrom pathlib import Path\nfrom core.export.package.proof import program\n"
        f"folder = Path({str(tmp_path)!r})\nout = (folder / 'out').open('wb')\n"
        "print(program(folder, folder, False, out, out).pid, flush=True)\nsys.stdin.read()"
    )
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": HOME}
    with subprocess.Popen([sys.executable, "-c", asks], **options) as asking:
        child = psutil.Process(int(asking.stdout.readline()))
        assert not has_ended(child)
        asking.kill()
    wait_until(lambda: has_ended(child), what="the program ends")
