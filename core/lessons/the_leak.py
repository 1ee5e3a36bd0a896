"""The leak: test pictures among those that a network learned from, found, taken out, and the honest figure after it."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from PIL import Image

from core.datasets.mnist import TRAIN, all_digits
from core.errors import TrainDeskError
from core.image_sets.folders import find_dataset
from core.image_sets.own_dataset import OwnDataError, OwnDataset
from core.image_sets.remembered import remembered
from core.image_sets.suggest import from_scratch
from core.lessons._base import Ask, Bring, Go, Lesson, Seen, Start, Step, Teacher, Verdict, register
from core.lessons._checks import all_finished, answered, comparison, finished, that_fit
from core.lessons._own_sets import LESSON, make_set, own_set
from core.run_config import RunConfig
from core.runs.summary import Summary
from core.text.numbers import count, fitting, percent

NAME, TITLE = "the_leak", "Digits from a collector"
LEARNED, TESTED, LEAKED = 5, 12, 11  # of each digit: honest training pictures, test pictures, those in both
EPOCHS = 60
AGAIN = "Train without the leak"
LEAK, LABELS, FEW = (
    "Test pictures are among those that it learned from.",
    "Many pictures have wrong labels.",
    "There are too few test pictures of some digits.",
)


def leaky_files() -> dict[str, bytes]:
    """Place -> PNG of each picture: most test pictures stand among the training pictures too. Raises DatasetError."""
    pixels, labels = all_digits()
    files = {}
    for digit in range(10):
        rows = np.flatnonzero(labels == digit)
        test, honest = rows[rows >= TRAIN][:TESTED], rows[:LEARNED]
        for split, chosen in (("test", test), ("train", [*honest, *test[:LEAKED]])):
            for number, row in enumerate(chosen):
                paper = io.BytesIO()
                Image.fromarray(255 - pixels[row, 0]).save(paper, "PNG")
                files[f"{split}/{digit}/{digit}-{number:02}.png"] = paper.getvalue()
    return files


def bring(seen: Seen) -> OwnDataset:
    """The collector's digits, as a dataset of the learner's own. Raises TrainDeskError."""
    return make_set(seen, NAME, TITLE, leaky_files())


@remembered(256)
def leaks(dataset: OwnDataset, version: int) -> int:
    """How many training pictures of that version are test pictures too, pixel by pixel. Raises OwnDataError."""
    with dataset.read() as connection:
        rows = connection.execute(
            "select digest, split = 'test' from places join images on images.id = image where since <= ? and until > ?",
            [version, version],
        ).fetchall()
    tested = {digest for digest, is_test in rows if is_test}
    return sum(digest in tested for digest, is_test in rows if not is_test)


def configs(seen: Seen) -> list[RunConfig]:
    """A training on the digits as they are now, always the same pictures. Raises TrainDeskError."""
    dataset = own_set(seen, NAME)
    if dataset is None:
        raise TrainDeskError("The digits are not there; bring them first.")
    leaking = leaks(dataset, dataset.newest())
    return [
        RunConfig.from_dict(from_scratch(dataset, mirror=False) | {"augmentation": {}}).with_changes(
            {
                "title": "With the leak" if leaking else "Without the leak",
                "experiment": "The leak",
                "training.epochs": EPOCHS,
            }
        )
    ]


def trainings(seen: Seen, leaking: bool) -> list[Summary]:
    """Those on the collector's digits, with the leak or without."""

    def fits(config: RunConfig) -> bool:
        source, version = config.own_dataset()
        if not source or not version:
            return False
        try:
            dataset = find_dataset(source, seen.data_folder)
            return dataset.about(LESSON) == NAME and bool(leaks(dataset, version)) is leaking
        except TrainDeskError:
            return False

    return that_fit(seen, fits)


def brought(seen: Seen) -> Verdict:
    """Whether the digits are there."""
    dataset = own_set(seen, NAME)
    if dataset is None:
        return Verdict(False, "Press the button; the digits then stand among your datasets.")
    return Verdict(True, f"The digits are there: {count(_pictures(dataset), 'picture')} for training and test.")


def trained(seen: Seen) -> Verdict:
    """Whether the first training has finished."""
    runs = trainings(seen, leaking=True)
    if not runs and not brought(seen).done:
        return Verdict(False, "First bring the digits.")
    if not runs and cleaned(seen).done:
        return Verdict(False, "The leak is mended already; undo that on the page of the digits, or begin anew.")
    verdict = all_finished(seen, runs, 1, "training")
    if not verdict.done:
        return verdict
    share = percent(finished(runs)[-1].test_accuracy)
    return Verdict(True, f"It reads {share} of the test pictures, and learned from few: too good to be true?")


def found(seen: Seen) -> Verdict:
    """Whether they know what is wrong."""
    return answered(
        seen,
        "why",
        LEAK,
        "" if trained(seen).done else "First the training has to finish.",
        "Open the digits, choose Check, and read what is marked there.",
        "Read the sentence about the test on the page of the digits, under Check.",
        "Yes. It was tested on what it had learned by heart, so the figure says nothing.",
    )


def cleaned(seen: Seen) -> Verdict:
    """Whether no test picture is among the training pictures any more."""
    dataset = own_set(seen, NAME)
    if dataset is None:
        return Verdict(False, "The digits are not there; bring them first.")
    try:
        left = leaks(dataset, dataset.newest())
    except OwnDataError as error:
        return Verdict(False, str(error))
    if left and seen.answers.get("why") != LEAK:
        return Verdict(False, "First find out what is wrong with the digits.")
    if left:
        return Verdict(False, f"{count(left, 'training picture')} {fitting(left, 'are')} still in the test too.")
    return Verdict(True, "No training picture is in the test any more.")


def honest(seen: Seen) -> Verdict:
    """Whether the training without the leak has finished."""
    if not cleaned(seen).done:
        return Verdict(False, "First take the test pictures out of training.")
    verdict = all_finished(seen, trainings(seen, leaking=False), 1, "training", AGAIN)
    before, after = (finished(trainings(seen, leaking)) for leaking in (True, False))
    if not verdict.done or not before:
        return Verdict(False, "First the training of step 2 has to finish.") if verdict.done else verdict
    shares = percent(before[-1].test_accuracy), percent(after[-1].test_accuracy)
    return Verdict(True, f"Test accuracy {shares[0]} with the leak, {shares[1]} without: that is the honest figure.")


def digits(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """The page of the dataset."""
    dataset = own_set(seen, NAME)
    return ("data", {"set": dataset.id}) if dataset else None


def compared(seen: Seen) -> tuple[str, Mapping[str, str]] | None:
    """Both over each other."""
    return comparison(each[-1] for leaking in (True, False) if (each := finished(trainings(seen, leaking))))


def _pictures(dataset: OwnDataset) -> int:
    try:
        return sum(each.images for each in dataset.classes())
    except OwnDataError:
        return 0


register(
    Lesson(
        name=NAME,
        title="The leak",
        place=8,
        minutes=20,
        goal="A test says something only of pictures that the network never learned from.",
        steps=(
            Step(
                "Bring the digits",
                "A collector hands you digits, with folders for training and test, ready to use.",
                (Bring("Bring the digits", bring), Go("See the digits", digits)),
                brought,
            ),
            Step(
                "Train",
                "Start a training on them, and look at the test accuracy.",
                (Start("Train on them", configs, lambda seen: brought(seen).done and not cleaned(seen).done),),
                trained,
            ),
            Step(
                "Too good to be true",
                "A network that saw few digits reads nearly all of the test. Look what TrainDesk says about the pictures, under "
                "Check.",
                (
                    Go("Check the digits", digits),
                    Ask("why", "What is wrong?", lambda seen: [LABELS, FEW, LEAK] if trained(seen).done else []),
                ),
                found,
            ),
            Step(
                "Mend it",
                "Under Check, have the pictures taken out of training that look like a test picture. The test stays as it is.",
                (Go("Check the digits", digits),),
                cleaned,
            ),
            Step(
                "The honest figure",
                "Train anew on what is left, and compare.",
                (
                    Start(AGAIN, configs, lambda seen: cleaned(seen).done),
                    Go("Compare both", compared),
                ),
                honest,
            ),
        ),
        question="A doctor takes five pictures of each patient. A program is to find an illness; of all pictures one in five, "
        "chosen by chance, is kept for the test. Is that test honest?",
        answer="No. Nearly every patient is in both parts: the program may know the patient in place of the illness. All "
        "pictures of a patient belong on one side. The same holds for frames of one film, and for homework that was copied.",
        teacher=Teacher(
            say=(
                "Nearly everything right, after so few pictures. Would you sign for it?",
                "Nobody cheated on purpose: files were copied into two folders. How often will that happen?",
            ),
            timing=((2, "Bring"), (4, "Training"), (5, "Check"), (2, "Mend"), (4, "Training"), (3, "Question")),
            expected="With the leak about 97\u202f%, without it about 65\u202f%: of the twelve test pictures of a digit eleven "
            "were also learned from.",
            goes_wrong=(
                (
                    "They find nothing.",
                    "Check is the second tab of the page of the digits; the sentence on the test has a mark.",
                ),
                (
                    "They continued.",
                    "That network had learned the test pictures; the button of the last step begins anew.",
                ),
                ("Too much was removed.", "Undo, above the pictures, takes a change back."),
            ),
        ),
    )
)
