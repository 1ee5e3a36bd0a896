"""How each run of a game stands, read from its own folder: nothing can be claimed that is not there. And the ranking of groups.

The first epoch that ends with the wanted accuracy on the validation pictures is the one that counts: steps and seconds are
counted up to there, and the test of the run's best network must reach the same. Groups with the same value share their place:
neither the speed of the computer nor a luckier test decides between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from logging import getLogger
from pathlib import Path
from typing import Literal

import numpy as np

from core import errors
from core.errors import TrainDeskError
from core.export.saved.opened_runs import ORIGIN
from core.game.played import Entry, Game
from core.game.rules import UNITS, Goal, Rules, breach_of_config
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metadata import title_of
from core.runs.store import Run, Status, run_at
from core.text.numbers import count, duration, percent

State = Literal["ranked", "moving", "out"]
END = {"finished": "ended", "failed": "went wrong", "stopped": "was stopped", "interrupted": "was interrupted"}


@dataclass(frozen=True)
class Standing:
    """One run on the board."""

    group: str
    run: str  # its id
    number: int  # of this group's runs, from 1
    title: str = ""
    state: State = "out"
    said: str = ""  # why it is out, or what it still does, one sentence
    used: int | None = None  # of what the goal counts, until the target was reached or so far
    progress: float = 0.0  # of its training, 0..1
    accuracy: float | None = None  # validation: the best so far
    test: float | None = None
    reached: tuple[int, float] | None = None  # (step, epoch) where the target was reached
    place: int = 0  # of those that are ranked, from 1


@dataclass(frozen=True)
class Board:
    """`ranked`: the best run of each group; `tries`: how many runs each group entered."""

    ranked: tuple[Standing, ...]
    moving: tuple[Standing, ...]
    out: tuple[Standing, ...]
    tries: dict[str, int]


def board_of(game: Game, runs_folder: Path, history_of: Callable[[Run], History]) -> Board:
    """The board as it is now, whatever the folders hold; `history_of` gives what a run's log says, up to date."""
    seen: Counter[str] = Counter()
    standings = []
    for entry in game.entries:
        seen[entry.group] += 1
        standings.append(_whatever(entry, seen[entry.group], game, run_at(runs_folder, entry.run), history_of))
    moving, out = (tuple(each for each in standings if each.state == state) for state in ("moving", "out"))
    return Board(ranking([each for each in standings if each.state == "ranked"]), moving, out, dict(seen))


def ranking(standings: Sequence[Standing]) -> tuple[Standing, ...]:
    """The best of each group, those with the same value at the same place, which leaves out as many behind it."""
    best: dict[str, Standing] = {}
    for each in sorted(standings, key=_value):
        best.setdefault(each.group, each)
    order = sorted(best.values(), key=lambda each: (_value(each), each.group.casefold()))
    values = [_value(each) for each in order]
    return tuple(replace(each, place=1 + values.index(_value(each))) for each in order)


def _whatever(entry: Entry, number: int, game: Game, run: Run, history_of: Callable[[Run], History]) -> Standing:
    """Its standing; of a folder that no check foresaw one that says so."""
    try:
        return standing_of(entry, number, game, run, history_of)
    except errors.UNFORESEEN as error:
        getLogger(__name__).exception("run %s cannot be judged", entry.run)
        return Standing(
            entry.group, entry.run, number, entry.run, said=f"Its folder is damaged ({type(error).__name__})."
        )


def standing_of(entry: Entry, number: int, game: Game, run: Run, history_of: Callable[[Run], History]) -> Standing:
    """One run, judged by the rules as they are now."""
    found = Standing(entry.group, entry.run, number, title=entry.run)
    if not run.is_here():
        return replace(found, said="Its folder is gone: someone deleted the run.")
    try:
        config = run.config()
    except TrainDeskError:
        return replace(found, said="Its folder is damaged: nobody can tell what it did.")
    history = history_of(run)
    found = _measured(replace(found, title=title_of(run, config)), game.rules, history)
    if said := _breach(found, game, run, config, history):
        return replace(found, said=said)
    return _judged(found, game.rules, run.status(), history)


def _measured(found: Standing, rules: Rules, history: History) -> Standing:
    epochs = [epoch for epoch in history.epochs if epoch.get("val/accuracy") is not None]
    first = next((epoch for epoch in epochs if epoch["val/accuracy"] >= rules.target), None)
    found = replace(
        found,
        progress=history.progress(),
        accuracy=max((epoch["val/accuracy"] for epoch in epochs), default=None),
        test=(history.test or {}).get("test/accuracy"),
        reached=(first["step"], first["epoch"]) if first else None,
    )
    return replace(found, used=_used(found, rules.goal, history))


def _used(found: Standing, goal: Goal, history: History) -> int | None:
    if goal == "steps":
        return found.reached[0] if found.reached else (history.last_step or {}).get("step")
    return (history.started or {}).get({"pictures": "train_images", "weights": "parameters"}[goal])


def _seconds(found: Standing, history: History) -> float:
    """Of training, until the target was reached or so far."""
    epoch = next((each for each in history.epochs if found.reached and each["step"] == found.reached[0]), None)
    if epoch is None or not history.sessions:
        return history.elapsed() or 0.0
    return float(history.trained_at(np.array([epoch["step"]]), np.array([epoch["time"]]))[0])


def _breach(found: Standing, game: Game, run: Run, config: RunConfig, history: History) -> str:
    """Why it is outside the rules, one sentence; "" while it is within them."""
    rules = game.rules
    if (run.folder / ORIGIN).exists():
        return "Was opened from a file; only what is trained here counts."
    if run.is_example() or run.created() < game.opened:
        return "Was started before the game began; start another one."
    if said := breach_of_config(rules, config):
        return said
    if rules.most_tries and found.number > rules.most_tries:
        return f"Is run {found.number} of its group; the rules allow {rules.most_tries:,}."
    for goal, most in rules.most().items():
        used = _used(found, goal, history)
        if most and used is not None and used > most:
            return f"Used {count(used, UNITS[goal])}; the rules allow {most:,}."
    if rules.most_seconds and (seconds := round(_seconds(found, history))) > rules.most_seconds:
        return f"Trained for {duration(seconds)}; the rules allow {duration(rules.most_seconds)}."
    return ""


def _judged(found: Standing, rules: Rules, status: Status, history: History) -> Standing:
    wanted, ended = percent(rules.target), END.get(status.name, status.name)
    is_over = not status.will_change and status.name != "paused"
    is_tested = is_over and found.test is not None and history.outdated_test() is None
    if found.reached and found.used is not None and is_tested:
        if found.test is not None and found.test >= rules.target:
            return replace(found, state="ranked")
        best, test = percent(found.accuracy), _short_of(rules.target, found.test)
        said = f"Read {best} of the validation pictures but {test} of the test pictures; the rules ask for {wanted}."
        return replace(found, said=said)
    if not is_over:
        return replace(found, state="moving", said=_now(found, status, history))
    if found.reached:
        return replace(found, said=f"Reached {wanted} but {ended} before its test; let it go on.")
    if found.accuracy is None:
        return replace(found, said=f"It {ended} before its first epoch was over; start another one.")
    return replace(found, said=f"Reached {_short_of(rules.target, found.accuracy)}; the rules ask for {wanted}.")


def _short_of(target: float, share: float | None) -> str:
    """A share below the target with as many decimals as it takes to see that."""
    said = [percent(share, decimals) for decimals in (1, 2, 3)]
    return next((each for each in said if each != percent(target)), said[-1])


def _now(found: Standing, status: Status, history: History) -> str:
    if status.name == "queued":
        return "Waits for room."
    if status.name == "paused":
        return "Is paused; let it go on."
    if found.reached:
        return "Got there; its test must confirm it."
    epochs = (history.started or {}).get("epochs")
    if not epochs:
        return "Is being set up."
    return f"Is in epoch {min(len(history.epochs) + 1, epochs)} of {epochs}."


def _value(each: Standing) -> int:
    return each.used if each.used is not None else 2**62
