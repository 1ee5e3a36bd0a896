"""The rules, for the host to set and to change."""

from __future__ import annotations

import streamlit as st

from core.datasets import DATASETS
from core.game.played import set_rules
from core.game.rules import GOALS, LEAST_TARGET, MOST, MOST_TARGET, OWN, Rules
from core.image_sets.folders import list_datasets
from core.image_sets.own_dataset import OwnDataset
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
        left, right = st.columns(2)
        goal = left.selectbox(
            "Who wins", list(GOALS), list(GOALS).index(rules.goal), format_func=lambda each: f"who needs {GOALS[each]}"
        )
        names = list(titles)
        place = names.index(rules.source or rules.dataset) if (rules.source or rules.dataset) in names else 0
        name = right.selectbox("Pictures", names, place, format_func=titles.__getitem__)
        target = st.number_input(
            "To reach, per cent",
            LEAST_TARGET * 100,
            MOST_TARGET * 100,
            round(rules.target * 100, 1),
            0.5,
            format="%.1f",
            help="Of the validation pictures, and at the end of the test pictures.",
        )
        st.caption("At most, where 0 is no limit:")
        limits = _draw_limits(rules)
        if pressed(label, "set the rules", st.form_submit_button, type="primary"):
            with errors_shown():
                dataset, source, version = (OWN, name, _version(own[name])) if name in own else (name, "", 0)
                set_rules(runs_folder(), Rules(goal, dataset, source, version, round(target / 100, 4), **limits))
                st.rerun()


def _draw_limits(rules: Rules) -> dict[str, int]:
    found = {}
    columns = st.columns(len(LIMITS))
    for column, (name, title) in zip(columns, LIMITS.items(), strict=True):
        found[name] = column.number_input(title, 0, MOST, getattr(rules, name), 1, format="%d", key=f"limit {name}")
    return found


def _version(dataset: OwnDataset) -> int:
    return dataset.newest()
