"""Earlier runs that a training can start from: asked of a process of its own, in a thread, so that no page waits for torch."""

from __future__ import annotations

import threading

from core.run_config import RunConfig
from core.runs.store import Run
from pages.components.shell.setting_words import read_config
from pages.components.train.core_process import ask_core

MOST = 200  # answers that are kept
_answers: dict[tuple[str, ...], frozenset[str] | None] = {}  # None: being asked
_lock = threading.Lock()


def fitting(config: RunConfig, runs: list[Run]) -> list[Run]:
    """Of these runs those whose weights fit; until that is known, those of the very same network."""
    alike = [(run, earlier) for run in runs if (earlier := read_config(run)[0]) and _could(earlier, config)]
    same = [run for run, earlier in alike if _network(earlier) == _network(config)]
    if len(same) == len(alike):
        return same
    answer = _asked(config, [run.id for run, _ in alike])
    return same if answer is None else [run for run, _ in alike if run.id in answer]


def _could(earlier: RunConfig, config: RunConfig) -> bool:
    return earlier.architecture.name == config.architecture.name


def _network(config: RunConfig) -> tuple[str, ...]:
    info = config.dataset.info()
    return config.architecture.model_dump_json(), str(info.shape), str(len(info.class_names))


def _asked(config: RunConfig, runs: list[str]) -> frozenset[str] | None:
    key = (*_network(config), *runs)
    with _lock:
        if key in _answers:
            return _answers[key]
        while len(_answers) >= MOST:
            _answers.pop(next(iter(_answers)))
        _answers[key] = None
    threading.Thread(target=_ask, args=(key, config.model_dump_json()), daemon=True).start()
    return None


def _ask(key: tuple[str, ...], config: str) -> None:
    answer = ask_core("fitting", config)
    found = answer.get("runs") if answer else None
    with _lock:
        if isinstance(found, list):
            _answers[key] = frozenset(map(str, found))
        else:
            _answers.pop(key, None)  # asked again
