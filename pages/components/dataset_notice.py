"""What a dataset is made of, and whether its files are here."""

from __future__ import annotations

import streamlit as st

from core.datasets import DatasetSettings
from core.paths import data_folder
from pages.components.links import page_link
from pages.components.wording import megabytes


def dataset_notice(dataset: DatasetSettings) -> None:
    """Facts, and where its files are; of a dataset that cannot be used yet, the way to put that right."""
    if dataset.problem():
        page_link("pages/data.py", label="Bring your own pictures", icon=":material/add_photo_alternate:")
        return
    info = dataset.info()
    channels, height, width = info.shape
    kind = {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
    facts = f"{info.train_images:,} training and {info.test_images:,} test pictures, {kind}, {width} x {height}. "
    folder = data_folder()
    if dataset.is_present(folder):
        text = f"Its files are in `{folder}`." if dataset.sources(folder) else "Its files come with the program."
        st.caption(f"{facts}:green[:material/check_circle:] {text}")
    elif info.download_bytes:
        size = megabytes(info.download_bytes)
        st.caption(f"{facts}:material/download: {size} will be downloaded once, when you start, into `{folder}`.")
    else:
        st.caption(f"{facts}:orange[:material/warning:] Its files are not in `{folder}`.")
