"""What a dataset is made of, how this training will share it out, and whether its files are here."""

from __future__ import annotations

import streamlit as st

from core.datasets import DatasetSettings
from core.datasets.own_images import OwnImages
from core.image_sets.folders import find_dataset
from core.image_sets.own_dataset import OwnDataset
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.before_start import shared_out
from pages.components.shell.form_values import put
from pages.components.shell.links import DATA, page_link
from pages.components.shell.messages import errors_shown
from pages.components.shell.number_words import megabytes
from pages.components.train.shares_view import draw_reasons, draw_table, in_a_line


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
        size = megabytes(info.download_bytes)
        st.caption(f"{facts}:material/download: {size} will be downloaded once, when you start, into `{folder}`.")
    else:
        st.caption(f"{facts}:orange[:material/warning:] Its files are not in `{folder}`.")
    if shared is None or config is None:
        return
    if isinstance(dataset, OwnImages):
        if len(shared.names) > 1:
            draw_table(shared)
        with errors_shown():
            own = find_dataset(dataset.source, folder)
            newest = own if own.newest() == dataset.version else None  # an older version stays as it is
            draw_reasons(shared, newest, config.training.validation_share, config.training.seed, _take_newest)


def _take_newest(dataset: OwnDataset) -> None:
    put("dataset.own_images.version", dataset.newest())
