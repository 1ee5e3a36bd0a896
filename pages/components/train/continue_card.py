"""Pictures were added since the last training: its network learns them too, from where it stands."""

from __future__ import annotations

import streamlit as st

from core.errors import TrainDeskError
from core.image_sets.own_dataset import OwnDataset
from core.run_config import RunConfig
from core.runs.metadata import title_of
from core.runs.store import Run
from core.workers.earlier import continued, in_short, last_network, version_of, what_is_new
from pages.components.shell.links import page_link, run_page
from pages.components.shell.number_words import about, moment, plain_markdown
from pages.components.shell.summaries import run_of, summaries
from pages.components.train.cost import cost_here
from pages.components.train.experiments import config_of
from pages.components.train.filled_form import open_for_dataset


def draw_continue(dataset: OwnDataset) -> None:
    """The card, if there is a network of an earlier version that can go on."""
    found = going_on(dataset)
    if found is None:
        return
    run, earlier, config = found
    title = plain_markdown(title_of(run, earlier))
    cost = cost_here(config)
    time = f" About {about(cost.seconds)}." if cost else ""
    with st.container(border=True, gap="small", key="continue"):
        st.markdown(f"**Since the last training: {plain_markdown(what_is_new(earlier, config, dataset))}**")
        st.markdown(f"The network keeps what it learned: {in_short(earlier, config)}.{time}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button(
                f"Continue from {title} with the new pictures", icon=":material/forward:", key="continue training"
            ):
                open_for_dataset(dataset, config)
            page_link(
                run_page(run.id), label=f"That training of {moment(run.created())}", icon=":material/arrow_forward:"
            )


def going_on(dataset: OwnDataset) -> tuple[Run, RunConfig, RunConfig] | None:
    """The last run with a network of this dataset, its config and the one that continues it with what is new; None when
    there is none, nothing is new, or it cannot go on."""
    known = ((run_of(each.id), each.planned) for each in summaries() if each.has_checkpoint)
    run = last_network(dataset, ((run, config_of(str(run.folder), planned)) for run, planned in known))
    if run is None:
        return None
    try:
        earlier, config = run.config(), continued(run, dataset)
    except TrainDeskError:
        return None
    return (run, earlier, config) if version_of(earlier) != version_of(config) else None
