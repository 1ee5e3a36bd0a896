"""Break it: sliders that disturb a picture, the answer that falls, and how many test pictures survive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

from core.datasets.thumbnails import labels_of, pictures_of
from core.images.disturb import DISTURBANCES, NOTHING, Disturbance, disturbed
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.store import Run
from core.text.numbers import SIGN
from pages.components.charts.figure import figure
from pages.components.charts.told import number, told_points
from pages.components.classify.networks import Network, said_of, without_test_pictures
from pages.components.classify.prediction_view import bars, pixels_figure, words
from pages.components.shell.classifiers import checkpoint_changed, load_classifier
from pages.components.shell.number_words import rows_of
from pages.components.shell.start import start_run
from pages.components.shell.widgets import pressed

PICTURES = 500  # of the test split
COLUMNS = 4


def draw_break_it(network: Network, pixels: np.ndarray | None, key: str) -> None:
    """Sliders, the disturbed picture with its answer, if there is one (uint8 (C, H, W)),
    and the curve of the disturbance that was chosen."""
    strengths = {}
    for row in rows_of(list(DISTURBANCES.values()), COLUMNS):
        for column, one in zip(st.columns(COLUMNS), row, strict=False):
            with column:
                strengths[one.name] = st.slider(
                    f"{one.title} ({one.unit})" if one.unit else one.title,
                    float(one.lowest),
                    float(one.highest),
                    float(NOTHING.get(one.name, 0.0)),
                    float(one.step),
                    key=f"{one.name} {key}",
                )
    if pixels is not None:
        changed = disturbed(pixels[None], strengths)[0]
        said = said_of(network, changed)
        with st.container(key=f"broken-{key}"):  # as long as it is of an earlier picture it is faint: desk.css
            left, right = st.columns([2, 3], gap="medium")
            with left:
                st.html(f'<div class="figures">{pixels_figure(changed)}</div>')
            with right:
                st.html(words(said, network.class_names) + bars(said, network.class_names))
    name = st.selectbox(
        f"What that does to {PICTURES} test pictures",
        list(DISTURBANCES),
        format_func=lambda name: DISTURBANCES[name].title,
        key=f"curve {key}",
        width=320,
    )
    _draw_curve(network, DISTURBANCES[name])


def _draw_curve(network: Network, one: Disturbance) -> None:
    about = str(network.run.folder), network.which, checkpoint_changed(network.run, network.which), one.name
    accuracies = accuracy_against(*about)
    if accuracies is None:
        accuracy_against.clear(*about)  # they may come
        st.caption(without_test_pictures(network))
        return
    strengths = one.strengths()
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": strengths.round(3).tolist(),
        "y": [round(100 * accuracy, 2) for accuracy in accuracies],
        "line": {"color": "$chart0", "width": 2.4},
        "hovertemplate": "%{x}: %{y:.1f}\u202f% right<extra></extra>",
    }
    title = f"{one.title} ({one.unit})" if one.unit else one.title
    layout = {"xaxis": {"title": {"text": title}}, "yaxis": {"ticksuffix": SIGN, "range": [0, 103]}}
    figure(
        [trace],
        layout,
        key=f"accuracy against {one.name}",
        title=f"Test accuracy against {one.title.lower()}",
        told=told_points(
            "Test accuracy",
            title,
            [(number(strength), accuracy) for strength, accuracy in zip(strengths.tolist(), accuracies, strict=True)],
            is_share=True,
        ),
        height=280,
    )
    config = network.config
    if one.remedy and pressed(
        f"Train it to cope with that: {one.title.lower()} the training pictures", key=f"cope {one.name}"
    ):
        start_run(coping(config, one))


def coping(config: RunConfig, one: Disturbance) -> RunConfig:
    """The config with an augmentation that disturbs the training pictures in the same way, at random."""
    assert one.remedy, "only what has a remedy has the button"
    name, largest = one.remedy
    return config.with_changes({f"augmentation.{name}": min(largest, max(abs(one.lowest), abs(one.highest)) / 2)})


@st.cache_data(max_entries=100, show_spinner="Disturbing test pictures ...")
def accuracy_against(folder: str, which: str, changed: tuple[int, int], name: str) -> list[float] | None:
    """Share of some test pictures that are right at each strength, by the network as its checkpoint stands."""
    run = Run(Path(folder))
    classifier = load_classifier(run, which)
    stored, labels = (of(classifier.config.dataset, data_folder(), "test") for of in (pictures_of, labels_of))
    if stored is None or labels is None or len(stored) != len(labels):
        return None
    chosen = np.sort(np.random.default_rng(0).permutation(len(labels))[:PICTURES])
    pixels = np.ascontiguousarray(stored[chosen].transpose(0, 3, 1, 2))
    labels = labels[chosen]
    one = DISTURBANCES[name]
    return [
        float((classifier.predict(disturbed(pixels, {name: float(strength)})).argmax(axis=1) == labels).mean())
        for strength in one.strengths()
    ]
