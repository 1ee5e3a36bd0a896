"""Keeping the network that answered while pictures were collected: the pictures become a dataset, the network a run."""

from __future__ import annotations

import streamlit as st

from core.errors import TrainDeskError
from core.image_sets.edit import editing
from core.image_sets.imports import Job
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.shares import arrangement_of, as_suggested, remedies
from core.image_sets.suggest import as_collected
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.before_start import problems_before_start
from pages.components.shell.start import start_run
from pages.components.train.cards import going_on

ASKED = "imports whose network is kept"
MOST_MENDS = 4


def ask_to_keep(job: Job) -> None:
    """As soon as the import is ready, `is_kept` says so."""
    st.session_state.setdefault(ASKED, set()).add(job.id)


def is_kept(job: Job) -> bool:
    """Once: what goes wrong then is shown, and a person decides."""
    asked = st.session_state.get(ASKED, set())
    if job.id not in asked:
        return False
    asked.discard(job.id)
    return True


def keep_network(dataset: OwnDataset) -> None:
    """Starts the training that makes a run of it and goes to that run; without a way to train it says why.

    Added pictures go on from the last network if that is of the same kind. Raises OwnDataError.
    """
    _mend(dataset)
    found = going_on(dataset)
    try:
        config = RunConfig.from_dict(as_collected(dataset))
    except TrainDeskError:
        return
    if found is not None and found[2].architecture == config.architecture:
        config = found[2]
    if not problems_before_start(config, data_folder()):
        start_run(config)


def _mend(dataset: OwnDataset) -> None:
    """By the gentlest remedies, as a person would press them: pictures of one moment look alike, and then no part of them
    would be left to check with. Each is a version that says so."""
    for _ in range(MOST_MENDS):
        made = arrangement_of(dataset)
        stops = [reason for reason in as_suggested(made).reasons if reason.stops]
        found = next((each[0] for reason in stops if (each := remedies(made, reason))), None)
        if found is None:
            return
        with editing(dataset, found.label) as edit:
            found.apply(edit)
