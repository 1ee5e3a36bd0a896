"""The recorded histories of real runs that the coach is tested on, and what counts there as a contradiction."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.analysis.coach import Advice, Curves, advise, curves_of
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.store import Run

FOLDER = Path(__file__).parent / "coach_histories"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
NEAR = 10  # epochs within which opposite words contradict each other
BETTER = {"still_learning"}
NOT_BETTER = {
    "levelling_off",
    "memorising",
    "diverging",
    "jumped",
    "guessing",
    "rate_too_large",
    "rate_too_small",
}
SURE = 3.0  # standard errors


@dataclass(frozen=True)
class Said:
    """What the coach said when so many epochs were done."""

    epoch: int
    advice: Advice | None

    @property
    def side(self) -> int:
        """1: it gets better, -1: it does not, 0: neither."""
        if self.advice is None:
            return 0
        if self.advice.stop or self.advice.kind in NOT_BETTER:
            return -1
        return 1 if self.advice.kind in BETTER or self.advice.more_epochs else 0


def prefixes(name: str) -> Iterator[Curves]:
    """What the coach reads of a recorded run after each thing that happened."""
    recorded = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    config, history = RunConfig.from_dict(recorded["config"]), History(Run(Path("nowhere")))
    for event in recorded["events"]:
        history._take(event)
        if history.started:
            yield curves_of(history, config)


def told(name: str, advise=advise) -> list[Said]:
    """All that the coach says in the course of a recorded run, after each thing that happened."""
    return [Said(curves.epochs, advise(curves)) for curves in prefixes(name)]


def contradictions(said: list[Said], val_loss: tuple[float, ...]) -> list[str]:
    """Pairs of opposite words within NEAR epochs between which the curve did not turn."""
    found = []
    for place, first in enumerate(said):
        for second in said[place + 1 :]:
            if second.epoch - first.epoch > NEAR:
                break
            if first.side * second.side < 0 and not turned(val_loss, first.epoch, second.epoch, first.side > 0):
                found.append(f"{first.epoch}: {first.advice.sentence} {second.epoch}: {second.advice.sentence}")
    return found


def turned(loss: tuple[float, ...], first: int, second: int, was_falling: bool) -> bool:
    """Whether the validation loss changed its direction between two epochs, beyond what its own noise explains.

    From falling to rising, or from not falling to falling: straight lines through the logarithms of up to NEAR epochs before
    and of five or more after some epoch in between differ by SURE standard errors, and the later one has the other direction
    by as much. A jump counts too, away from the earlier line and from the last epochs on it, of four times the noise and a
    fifth of the loss. That it falls more slowly than before is no turn.
    """
    logs = np.log(np.maximum(loss[:second], 1e-9))
    for middle in range(max(2, first - NEAR // 2), second):
        before = logs[max(0, middle - NEAR) : middle]
        old, old_error, noise = _line(before)
        for after in (logs[middle:end] for end in range(middle + 1, second + 1)):
            beside = after.mean() - before.mean() - old * (len(before) + len(after)) / 2  # of the line of before
            away = after.mean() - before[-3:].mean()
            step = min(beside, away) if was_falling else -max(beside, away)
            if step > max(4 * noise, math.log(1.2)):
                return True
            if len(before) >= 3 and len(after) >= 5:
                new, new_error, _ = _line(after)
                differs = abs(new - old) > SURE * math.hypot(old_error, new_error)
                if differs and (new > SURE * new_error if was_falling else new < -SURE * new_error):
                    return True
    return False


def _line(values: np.ndarray) -> tuple[float, float, float]:
    """Slope a epoch, its standard error, and the noise that is left."""
    if len(values) < 3:
        return 0.0, math.inf, 0.05
    x = np.arange(len(values)) - (len(values) - 1) / 2
    slope = float(x @ values / (x @ x))
    left = values - values.mean() - slope * x
    noise = max(0.005, math.sqrt(left @ left / (len(values) - 2)))
    return slope, noise / math.sqrt(x @ x), noise
