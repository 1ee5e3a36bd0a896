"""What the checks of several lessons look for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping

from core.errors import TrainDeskError
from core.lessons._base import Seen, Verdict
from core.run_config import RunConfig
from core.runs.store import Run, run_at
from core.runs.summary import Summary
from core.text.numbers import count, percent


def run_of(seen: Seen, summary: Summary) -> Run:
    """The run's folder."""
    return run_at(seen.runs_folder, summary.id)


def config_of(seen: Seen, summary: Summary) -> RunConfig | None:
    """None where it is damaged."""
    with contextlib.suppress(TrainDeskError):
        return run_of(seen, summary).config()
    return None


def that_fit(seen: Seen, fits: Callable[[RunConfig], object]) -> list[Summary]:
    """The learner's runs with a config that fits, the oldest first; none whose network had learned in an earlier run."""
    found = []
    for summary in seen.runs:
        config = config_of(seen, summary)
        if config is not None and not config.training.start_from and fits(config):
            found.append(summary)
    return found


def finished(runs: Iterable[Summary]) -> list[Summary]:
    """Those that have ended as planned and were tested."""
    return [run for run in runs if run.status == "finished" and run.test_accuracy is not None]


def comparison(runs: Iterable[Summary]) -> tuple[str, Mapping[str, str]] | None:
    """Where they lie over each other, for `Go`; None of a single one."""
    ids = [run.id for run in runs]
    return ("compare", {"runs": ",".join(ids)}) if len(ids) > 1 else None


def all_finished(seen: Seen, runs: list[Summary], wanted: int, what: str, button: str = "the button") -> Verdict:
    """Whether so many have finished; `what` they are: "trainings with 50 pictures". `button` starts them."""
    done = finished(runs)
    if len(done) >= wanted:
        return Verdict(True, f"Done: {count(wanted, what)}.")
    moving = [run for run in runs if run.status not in ("finished", "failed", "stopped", "damaged")]
    if moving:
        progress = sum(run.progress for run in moving) / len(moving)
        return Verdict(False, f"{count(len(done), what)} of {wanted} done; the rest is at {percent(progress, 0)}.")
    if any((config := config_of(seen, run)) and config.training.start_from for run in seen.runs):
        why = "a training that starts from another run does not count, as its network had learned before: press"
        return Verdict(False, f"{len(done)} of {wanted} done; {why} {button}.")
    return Verdict(False, f"{len(done)} of {wanted} done; press {button} to start.")


def answered(seen: Seen, key: str, right: str, before: str, asked: str, wrong: str, done: str) -> Verdict:
    """Whether a question has its right answer. What is said: `before` it can be asked ("" when it can), where it is `asked`,
    where the answer is `wrong`, and when it is `done`."""
    if before:
        return Verdict(False, before)
    answer = seen.answers.get(key)
    if answer is None:
        return Verdict(False, asked)
    return Verdict(True, done) if answer == right else Verdict(False, wrong)
