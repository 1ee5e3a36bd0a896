"""What is kept of a game: its rules, the names that groups typed with the runs that they entered, and what is replayed.

One file beside the runs, changed under a lock, so that several visitors may enter at once. Clearing the board forgets all names.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen
from pydantic import StringConstraints

from core.errors import TrainDeskError
from core.files import remedy
from core.game.rules import Rules, check_rules
from core.runs.events import LATEST
from core.runs.workspace import NAME, locked
from core.settings.stored import read_stored, write_stored
from core.text.typed import clean_line

FILE = "game.json"  # in the workspace
LONGEST = 24  # letters of a name
MOST_ENTRIES = 200
RunId = Annotated[str, StringConstraints(pattern=r"^[^./\\][^/\\]{0,199}$")]  # the name of a folder beside others
Moment = Annotated[float, Ge(0), Le(LATEST)]  # Unix seconds


@dataclass(frozen=True)
class Entry:
    """A run on the board."""

    group: Annotated[str, MaxLen(LONGEST)]
    run: RunId


@dataclass(frozen=True)
class Replay:
    """What all who look at the board see once more."""

    run: RunId | Literal[""] = ""
    began: Moment = 0.0


@dataclass(frozen=True)
class Game:
    """What the file holds. `opened`: since when runs count; 0: no game has been set up."""

    rules: Rules = Rules()
    opened: Moment = 0.0
    entries: tuple[Entry, ...] = ()
    replay: Replay = Replay()

    def groups(self) -> list[str]:
        """Their names, as they came."""
        return list(dict.fromkeys(entry.group for entry in self.entries))


def game_of(runs_folder: Path) -> Game:
    """The game that is played. Never raises."""
    return read_stored(Game, runs_folder / NAME / FILE)


def set_rules(runs_folder: Path, rules: Rules) -> None:
    """Begins a game, or has the one that is played go on by other rules. Raises TrainDeskError, see `check_rules`."""
    check_rules(rules)
    _change(runs_folder, lambda game: replace(game, rules=rules, opened=game.opened or time.time()))


def enter(runs_folder: Path, group: str, run_id: str) -> None:
    """Puts a run on the board, once. Raises TrainDeskError."""

    def entered(game: Game) -> Game:
        check_open(game)
        if other := next((entry.group for entry in game.entries if entry.run == run_id), ""):
            raise TrainDeskError(f"This run plays for {other} already; a run can be entered once.")
        if len(game.entries) >= MOST_ENTRIES:
            raise TrainDeskError(
                f"The board has room for {MOST_ENTRIES} runs, and all of it is taken; ask the host to clear it."
            )
        name = group_name(group)
        known = next((each for each in game.groups() if each.casefold() == name.casefold()), name)
        return replace(game, entries=(*game.entries, Entry(known, run_id)))

    _change(runs_folder, entered)


def check_open(game: Game) -> None:
    """Raises TrainDeskError where no game has begun."""
    if not game.opened:
        raise TrainDeskError("No game is played at this moment; ask the host to begin one.")


def take_off(runs_folder: Path, group: str) -> None:
    """Forgets a group and what it entered. Raises TrainDeskError."""
    _change(runs_folder, lambda game: _kept(game, tuple(each for each in game.entries if each.group != group)))


def clear(runs_folder: Path) -> None:
    """Forgets all groups; the rules stay, and runs count that begin from now on. Raises TrainDeskError."""
    _change(runs_folder, lambda game: replace(_kept(game, ()), opened=time.time()))


def show_replay(runs_folder: Path, run_id: str) -> None:
    """Has everybody see how this run learned; "" ends that. Raises TrainDeskError."""
    _change(runs_folder, lambda game: replace(game, replay=Replay(run_id, time.time()) if run_id else Replay()))


def group_name(typed: str) -> str:
    """A group's name as it is kept. Raises TrainDeskError for none, and for a long one."""
    name = clean_line(typed)
    if not name:
        raise TrainDeskError("Your group has no name yet; type one.")
    if len(name) > LONGEST:
        raise TrainDeskError(f"The name has {len(name)} letters and may have {LONGEST}; choose a shorter one.")
    return name


def _kept(game: Game, entries: tuple[Entry, ...]) -> Game:
    is_there = any(entry.run == game.replay.run for entry in entries)
    return replace(game, entries=entries, replay=game.replay if is_there else Replay())


def _change(runs_folder: Path, make: Callable[[Game], Game]) -> None:
    try:
        with locked(runs_folder, "game"):
            write_stored(runs_folder / NAME / FILE, make(game_of(runs_folder)))
    except OSError as error:
        raise TrainDeskError(
            f"The game cannot be kept in {runs_folder} ({error.strerror}); {remedy(error)}."
        ) from error
