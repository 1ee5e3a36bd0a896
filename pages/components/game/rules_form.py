"""The rules, for the host to set and to change."""

from __future__ import annotations

import streamlit as st

from core.datasets import DATASETS
from core.game.played import set_rules
from core.game.rules import GOALS, LEAST_TARGET, MOST, MOST_TARGET, OWN, Rules
from core.image_sets.folders import list_datasets
from core.paths import data_folder, runs_folder
from pages.components.shell.messages import errors_shown
from pages.components.shell.widgets import pressed

LIMITS = {
    "most_tries": "Tries of each group",
    "most_steps": "Steps",
    "most_pictures": "Training pictures",
    "most_weights": "Weights",
    "most_seconds": "Seconds of training",
}


def draw_rules_form(rules: Rules, label: str) -> None:
    """Everything that can be chosen; nothing changes before the button is pressed."""
    own = {dataset.id: dataset for dataset in list_datasets(data_folder())}
    titles = {name: settings.label for name, settings in DATASETS.items() if name != OWN}
    titles |= {key: dataset.title for key, dataset in own.items()}
    with st.form("rules", border=False):
        first, second, third = st.columns([3, 3, 2])
        goals, names = list(GOALS), list(titles)
        goal = first.selectbox(
            "Who wins", goals, goals.index(rules.goal), format_func=lambda each: f"who needs {GOALS[each]}"
        )
        chosen = rules.source or rules.dataset
        place = names.index(chosen) if chosen in names else 0
        name = second.selectbox("Pictures", names, place, format_func=titles.__getitem__)
        low, high, now = (round(share * 100, 1) for share in (LEAST_TARGET, MOST_TARGET, rules.target))
        target = third.number_input("To reach, per cent", low, high, now, 0.5, format="%.1f")
        st.caption("At most, where 0 is no limit:")
        limits = _draw_limits(rules)
        if pressed(label, "set the rules", st.form_submit_button, type="primary"):
            with errors_shown():
                dataset, source, version = (OWN, name, own[name].newest()) if name in own else (name, "", 0)
                set_rules(runs_folder(), Rules(goal, dataset, source, version, round(target / 100, 4), **limits))
                st.rerun()


def _draw_limits(rules: Rules) -> dict[str, int]:
    found = {}
    with st.container(horizontal=True, gap="xsmall"):
        for name, title in LIMITS.items():
            most = getattr(rules, name)
            key = f"limit {name}, {most}"  # the rules may be changed elsewhere
            found[name] = st.number_input(title, 0, MOST, most, 1, format="%d", key=key, width=120)
    return found
