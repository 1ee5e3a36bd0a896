"""The two trainings that suit a dataset, as cards: what each is good for and takes; the one that comes first says why."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.image_sets.evidence import SCRATCH, TRANSFER, Evidence, evidence_of, look_for_evidence
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.suggest import advice, suggested
from core.run_config import RunConfig
from core.settings.settings import SettingsError
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import about, plain_markdown
from pages.components.shell.rights import may_change_dataset
from pages.components.train.cost import cost_here
from pages.components.train.filled_form import open_for_dataset

EVERY = 1.5  # seconds between two looks for what the probe found


@dataclass(frozen=True)
class _Kind:
    title: str
    icon: str
    good_for: str


KINDS = {
    TRANSFER: _Kind(
        "Transfer learning",
        ":material/school:",
        "Starts from EfficientNet-Lite0, which knows a million photos and came with the program. Good for photos, also for few.",
    ),
    SCRATCH: _Kind(
        "From scratch",
        ":material/eco:",
        "A small network that learns from your pictures alone. Good for many pictures of one kind: symbols, scans, signs.",
    ),
}


def draw_training_cards(dataset: OwnDataset) -> None:
    """The shortest way to a training, or why there is none yet. Never waits for the probe."""
    looking = look_for_evidence(dataset)
    evidence = evidence_of(dataset)
    told = advice(dataset, evidence)
    kinds = sorted(KINDS, key=lambda kind: kind != told.first)
    try:
        configs = {kind: RunConfig.from_dict(suggested(dataset, kind)) for kind in kinds}
    except SettingsError as error:
        show_error(str(error))
        return
    with st.container(key="trainings"):
        for column, kind in zip(st.columns(2), kinds, strict=True):
            with column, st.container(border=True, height="stretch", gap="small", key=f"training {kind}"):
                _draw_card(dataset, kind, configs[kind], evidence, kind == told.first, looking)
    st.caption(plain_markdown(told.why))
    if told.about_mirror and may_change_dataset(dataset):
        _draw_mirror(dataset, told.about_mirror, told.mirror)
    if looking:
        _wait_for_evidence(dataset, evidence)


def _draw_card(
    dataset: OwnDataset, kind: str, config: RunConfig, evidence: Evidence | None, is_first: bool, looking: bool
) -> None:
    words = KINDS[kind]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{words.title}**", width="content")
        if is_first:
            st.badge("suggested", color="green")
    cost = cost_here(config)
    seconds = cost.seconds if cost else evidence.seconds.get(kind) if evidence else None
    time = (
        f"About {about(seconds)} on this computer." if seconds else "Its time is being measured ..." if looking else ""
    )
    st.markdown(f"{words.good_for} **{time}**" if time else words.good_for)
    if st.button(
        "Train on these pictures" if is_first else words.title,
        type="primary" if is_first else "secondary",
        icon=":material/play_arrow:" if is_first else words.icon,
        key="train on them" if is_first else "train otherwise",
    ):
        open_for_dataset(dataset, config)


def _draw_mirror(dataset: OwnDataset, doubt: str, mirror: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="mirror"):
        st.markdown(f":material/flip: {plain_markdown(doubt)} Is a mirror image still of its class?", width="content")
        chosen = st.segmented_control(
            "Mirror pictures",
            ["off", "on"],
            format_func={"off": "No, leave it out", "on": "Yes, mirror pictures"}.__getitem__,
            default="on" if mirror else "off",
            key=f"mirror {dataset.id} {dataset.newest()}",
            required=True,
            label_visibility="collapsed",
        )
    if (chosen == "on") != mirror:
        dataset.set_about(mirror=chosen)
        st.rerun()


def _wait_for_evidence(dataset: OwnDataset, known: Evidence | None) -> None:
    """Looks again until there is more to say, then draws the page anew."""

    @st.fragment(run_every=EVERY)
    def wait() -> None:
        if evidence_of(dataset) != known or not look_for_evidence(dataset):
            st.rerun()
        st.caption(":material/search: Your pictures are being looked at, for the training that suits them best ...")

    wait()
