"""The computers that a run can be trained on, as people choose one of them; nothing of it is drawn where none has joined."""

from __future__ import annotations

import streamlit as st

from core.nodes.registry import HERE, Node, nodes
from core.paths import runs_folder
from core.run_config import RunConfig
from core.workers.dispatch import slots_of_all
from core.workers.places import obstacle
from core.workers.speeds import Speeds, kind_of_config
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.widgets import steady

COMPUTER = "computer to train on"  # the choice beside Start
ANY = "any free computer"
GOOD_FOR = 10.0  # seconds that a comparison of speeds holds: it reads the ends of hundreds of logs


def computers(other_than: str = "") -> dict[str, str]:
    """Choices: what `QueuePlace` is told -> words; the computers that have joined behind the others. Empty without any."""
    joined = [node for node in nodes(runs_folder()) if node.name != other_than]
    return {"": ANY, HERE: "this computer", **{node.name: _said(node) for node in joined}} if joined else {}


def _said(node: Node) -> str:
    if not obstacle(runs_folder(), node.name):
        return node.name
    why = "not in touch" if not node.is_in_touch else "has a problem" if node.problem else "no new runs"
    return f"{node.name} ({why})"


def choose_computer(key: str, label: str = "Computer", choices: dict[str, str] | None = None, **options: object) -> str:
    """Draws the choice and gives what was chosen; draws nothing and gives "" where no computer has joined."""
    choices = computers() if choices is None else choices
    if not choices:
        return ""
    steady(key, choices, lambda: next(iter(choices)))
    return (
        st.selectbox(label, list(choices), key=key, format_func=lambda each: choices.get(each, each), **options) or ""
    )


def chosen_computer(key: str) -> str:
    """What was chosen where it is drawn further down."""
    return str(st.session_state.get(key) or "") if computers() else ""


def in_words(computer: str) -> str:
    """What `QueuePlace` holds as the end of "it is trained on ...", as Markdown."""
    return {"": ANY, HERE: "this computer"}.get(computer) or plain_markdown(computer)


def places_for(config: RunConfig, computer: str = "") -> dict[str, list[float]]:
    """Where runs of this config are trained at once, see `slots_of_all`: of each place how many times as fast as one here."""
    slots = slots_of_all(runs_folder(), config.training.device, computer, config)
    if list(slots) in ([""], []):
        return {name: [1.0] * number for name, number in slots.items()}
    ratios = _ratios(str(runs_folder()), kind_of_config(config))
    return {name: [ratios.get(name, 1.0)] * number for name, number in slots.items()}


@st.cache_data(ttl=GOOD_FOR, max_entries=32, show_spinner=False)
def _ratios(folder: str, kind: str) -> dict[str, float]:
    found = nodes(runs_folder())
    speeds = Speeds(runs_folder(), {"": 1.0, **{node.name: node.speed for node in found}})
    return {node.name: speeds.ratio(node.name, kind) for node in found}


def ratio_of(config: RunConfig, computer: str) -> float:
    """How many times as fast as this computer that one trains such a run."""
    return _ratios(str(runs_folder()), kind_of_config(config)).get(computer, 1.0)


def gpus_there(computer: str) -> int:
    """How many GPUs a computer has that has joined."""
    return next((len(node.gpus) for node in nodes(runs_folder()) if node.name == computer), 0)
