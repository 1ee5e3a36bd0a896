"""A comparison in sentences: which run is better, by how much, whether that is more than luck, and what they differ in."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np

from core.analysis.compare import Difference, Setting, differences, in_words, over_seeds, paired, unpaired
from core.text.lists import listed
from pages.components.charts.compare_entry import Compared
from pages.components.shell.histories import predictions_of, shared_history
from pages.components.shell.number_words import count, plain_markdown

SENTENCES = 5  # comparisons that are written out
NAMED = 5  # settings
SEED = "training.seed"


def sentences(compared: list[Compared], varied: list[Setting]) -> list[str]:
    """Markdown: the best against each of the others, with how sure that is; and over seeds where there are several."""
    tested = [entry for entry in compared if entry.summary.test_accuracy is not None]
    if len(tested) < 2:
        return []
    if len({(entry.summary.dataset, _pictures(entry)[:1]) for entry in tested}) > 1:
        return ["They were tested on different pictures, so their accuracies cannot be compared."]
    best, *others = sorted(tested, key=_accuracy, reverse=True)
    found = []
    for other in others[:SENTENCES]:
        said = in_words(_difference(other, best), other.name, best.name)
        found.append(plain_markdown(said) + _differ_in(other, best))
    if len(others) > SENTENCES:
        found.append(f"{count(len(others) - SENTENCES, 'more run')} did worse than these.")
    return found + _over_seeds(tested, varied)


def _accuracy(entry: Compared) -> float:
    """On the test images; of an entry that was tested."""
    return entry.summary.test_accuracy or 0.0


def _pictures(entry: Compared) -> tuple[str, int]:
    """Which of the datasets that may have the same title, and its version: in another one the same rows are other pictures."""
    return entry.config.own_dataset() if entry.config else ("", 0)


def _difference(first: Compared, second: Compared) -> Difference:
    """On the very same pictures, one by one, where both runs kept what they said of them."""
    one, two = (predictions_of(entry.run, "test") for entry in (first, second))
    same = _pictures(first) == _pictures(second)
    if one and two and same and np.array_equal(one.rows, two.rows) and np.array_equal(one.labels, two.labels):
        return paired(one.right, two.right)
    counts = [int((shared_history(entry.run).history.test or {}).get("images", 0)) for entry in (first, second)]
    known = max(*counts, 1)  # a log may lack one of them
    return unpaired(_accuracy(first), _accuracy(second), counts[0] or known, counts[1] or known)


def _differ_in(first: Compared, second: Compared) -> str:
    if not (first.config and second.config):
        return ""
    titles = list(dict.fromkeys(setting.title.lower() for setting in differences([first.config, second.config])))
    if not titles:
        return " They have the same settings."
    return f" They differ in {plain_markdown(listed(titles, NAMED, 'more settings'))}."


def _over_seeds(tested: list[Compared], varied: list[Setting]) -> list[str]:
    """Groups that differ in more than the seed, each trained with several."""
    if SEED not in {setting.path for setting in varied}:
        return []
    groups: dict[str, list[Compared]] = defaultdict(list)
    for entry in tested:
        if entry.config:
            same = entry.config.with_changes({SEED: 0, "title": "", "experiment": "", "recipe": ""})
            groups[same.model_dump_json()].append(entry)
    several = [members for members in groups.values() if len(members) > 1]
    found = []
    for one, two in itertools.islice(itertools.combinations(several, 2), SENTENCES):
        first, second = ([_accuracy(entry) for entry in members] for members in (one, two))
        images = int((shared_history(one[0].run).history.test or {}).get("images", 0))
        said = in_words(
            over_seeds(first, second, images), f"{one[0].name} over its seeds", f"{two[0].name} over its seeds"
        )
        found.append(f"Over {len(one)} and {len(two)} seeds: {plain_markdown(said)}")
    return found
