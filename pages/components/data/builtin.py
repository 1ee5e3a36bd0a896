"""The datasets that others have published: a wall of their pictures, class by class, and how they come to this computer."""

from __future__ import annotations

import inspect
from html import escape

import numpy as np
import streamlit as st

from core.datasets import DatasetSettings
from core.datasets.obtain import obtain
from core.datasets.thumbnails import labels_of, pictures_of
from core.machine.questions import temporary_folder
from core.paths import data_folder
from core.recipes import RECIPES
from core.run_config import RunConfig
from core.text.numbers import bytes_in_words
from pages.components.shell.html_parts import card, gallery
from pages.components.shell.links import DATA, TRAIN, form_page, page_link, way_back
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.widgets import paged, pressed
from pages.components.train.core_process import ask_core

ROW, PAGE = 14, 120  # pictures of each class, and of one class at a time
ALL = "all classes"
PARTS = {"train": "training pictures", "test": "test pictures"}


def draw_builtin(dataset: DatasetSettings) -> None:
    """The page of one dataset. Its pictures are read only now."""
    way_back(DATA, "All datasets")
    st.title(dataset.title())
    st.markdown(f"{plain_markdown(summary_of(dataset))} {facts_of(dataset)}.")
    recipe = next((recipe for recipe in RECIPES if recipe.config().dataset.name == dataset.name), None)
    with st.container(horizontal=True, vertical_alignment="center"):
        to = form_page("recipe", recipe.name) if recipe else TRAIN
        page_link(to, label="Train on these pictures", icon=":material/play_arrow:")
    if not dataset.is_present(data_folder()):
        _draw_missing(dataset)
    elif _is_decoded(dataset):
        st.fragment(_draw_wall)(dataset)


def summary_of(dataset: DatasetSettings) -> str:
    """What it is, in one sentence."""
    return " ".join((inspect.getdoc(type(dataset)) or "").split("\n\n")[0].split())


def facts_of(dataset: DatasetSettings) -> str:
    """ "60,000 training and 10,000 test pictures, 10 classes, 28 x 28 pixels, grey"."""
    info = dataset.info()
    channels, height, width = info.shape
    kind = "grey" if channels == 1 else "in colour"
    return (
        f"{info.train_images:,} training and {info.test_images:,} test pictures, {len(info.class_names)} classes, "
        f"{width} x {height} pixels, {kind}"
    )


def what_it_takes(dataset: DatasetSettings) -> str:
    """How a dataset that is not here comes here, in one sentence."""
    size = bytes_in_words(dataset.info().download_bytes)
    return f"Not on this computer yet: {size}, downloaded once, when you first train on it."


def _draw_missing(dataset: DatasetSettings) -> None:
    names = dataset.info().class_names
    st.markdown(f"{what_it_takes(dataset)} Its classes: {plain_markdown(', '.join(names))}.")
    if not pressed("Download it now", icon=":material/download:", type="primary", key=f"download {dataset.name}"):
        return
    bar = st.progress(0.0, text="Downloading ...")
    with errors_shown():
        for done, total in obtain(dataset, data_folder()):
            bar.progress(min(1.0, done / max(1, total)), text=f"{bytes_in_words(done)} of {bytes_in_words(total)}")
        st.rerun()
    bar.empty()


def _is_decoded(dataset: DatasetSettings) -> bool:
    """Whether its pictures are kept decoded; decodes them, in a process of its own, when they are not."""
    if pictures_of(dataset, data_folder(), "train") is not None:
        return True
    config = RunConfig.from_dict({"dataset": dataset.model_dump(mode="json"), "architecture": {"name": "mlp"}})
    with st.spinner("Reading the pictures, this once ..."), temporary_folder() as folder:
        out = str(folder / "sheet.png")
        answer = ask_core("preview", config.model_dump_json(), "--data", str(data_folder()), "--out", out)
    if pictures_of(dataset, data_folder(), "train") is not None:
        return True
    show_error(str((answer or {}).get("error", "The pictures could not be read; start a training to see why.")))
    return False


def _draw_wall(dataset: DatasetSettings) -> None:
    names = dataset.info().class_names
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            "Pictures", list(PARTS), format_func=PARTS.__getitem__, default="train", key="part of it", required=True
        )
        chosen = st.selectbox("Class", [ALL, *names], key=f"class of {dataset.name}", width=240)
    pixels, labels = (found(dataset, data_folder(), part or "train") for found in (pictures_of, labels_of))
    if pixels is None or labels is None:
        show_error("The pictures are no longer kept on this computer; reload the page to read them again.")
        return
    if chosen == ALL:
        for label, name in enumerate(names):
            rows = np.flatnonzero(labels == label)
            st.html(
                f'<p class="classline"><b>{escape(name)}</b> <span class="quiet">{count(len(rows), "picture")}</span></p>'
                + _wall(pixels, rows[:ROW], name, "row")
            )
        return
    rows = np.flatnonzero(labels == names.index(chosen))
    first = paged(len(rows), PAGE, f"page of {dataset.name} {chosen} {part}")
    st.caption(f"{count(len(rows), 'picture')} of {plain_markdown(chosen)}")
    st.html(_wall(pixels, rows[first : first + PAGE], chosen, ""))


def _wall(pixels: np.ndarray, rows: np.ndarray, name: str, kind: str) -> str:
    cards = [card(np.asarray(pixels[row]), f"picture {row}: {name}") for row in rows]
    return gallery(cards, name, small=True).replace('class="gallery small"', f'class="gallery small {kind}"', 1)
