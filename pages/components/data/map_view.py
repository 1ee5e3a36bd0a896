"""The map of a dataset's pictures: alike ones side by side, in the colours of their classes, the odd ones first; a click on one
shows it and what can be done with it."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from core.image_analysis.picture_map import read_map
from core.image_sets.own_dataset import OwnDataset
from pages.components.charts.figure import figure
from pages.components.charts.told import Told
from pages.components.data.browser import thumbnails
from pages.components.data.findings import change
from pages.components.shell.html_parts import gallery
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.widgets import pressed

ODDEST = 12
NAMED = 12  # classes in the legend


def draw_map(dataset: OwnDataset) -> None:
    """Nothing before the pictures were looked at. Raises OwnDataError."""
    found = read_map(dataset)
    if found is None:
        return
    members, names = dataset.members(), {each.id: each.name for each in dataset.classes()}
    class_of = dict(zip(members.images.tolist(), members.classes.tolist(), strict=True))
    here = np.array([image in class_of for image in found.images.tolist()], dtype=bool)  # others were removed since
    images = found.images[here].tolist()
    if not images:
        return
    order = np.argsort(-found.odd[here], kind="stable").tolist()
    st.header("Map of the pictures")
    st.caption(
        f"{count(len(images), 'picture')}; those that look alike to a network that knows photos lie side by side. A point among "
        "those of another class may have a wrong label; large points are unlike all others. Click one to see it."
    )
    clicked = figure(
        _traces(found.places[here], found.odd[here], [class_of[image] for image in images], names),
        {"xaxis": {"visible": False}, "yaxis": {"visible": False}, "margin": {"l": 4, "r": 4, "b": 4}},
        key=f"map of {dataset.id}",
        title="Map of the pictures",
        told=_told([class_of[image] for image in images], names),
        heading="",
        height=460,
        clicks=True,
    )
    chosen = f"chosen on the map of {dataset.id}"
    if isinstance(clicked, int) and 0 <= clicked < len(images):
        st.session_state[chosen] = images[clicked]
    if st.session_state.get(chosen) in class_of:
        _draw_chosen(dataset, st.session_state[chosen], class_of, names)
    oddest = [images[place] for place in order[:ODDEST]]
    st.markdown("The odd ones first: unlike all others.")
    cards = [
        f"<figure>{shown}<figcaption>{escape(names.get(class_of[image], ''))}</figcaption></figure>"
        for image, shown in zip(oddest, thumbnails(dataset, oddest), strict=True)
    ]
    st.html(gallery(cards, "The oddest pictures", small=True))


def _told(classes: list[int], names: dict[int, str]) -> Told:
    """How many points each class has: where one lies says something only beside the others, and the odd ones are listed."""
    said = f"A point for each of {count(len(classes), 'picture')}, alike ones side by side, in the colours of their classes."
    return Told(said, ("Class", "Pictures"), [[name, f"{classes.count(each):,}"] for each, name in names.items()])


def _traces(places: np.ndarray, odd: np.ndarray, classes: list[int], names: dict[int, str]) -> list[dict]:
    """All pictures as one trace, so that a click says which it is; and an empty one for each name in the legend."""
    colour = {each: f"$chart{place}" for place, each in enumerate(names)}
    points = {
        "type": "scatter",
        "mode": "markers",
        "showlegend": False,
        "x": places[:, 0].round(2).tolist(),
        "y": places[:, 1].round(2).tolist(),
        "text": [escape(names.get(each, "")) for each in classes],
        "marker": {
            "size": (5 + 3 * np.clip(odd, 0, 3)).round(1).tolist(),
            "color": [colour.get(each, "$grid") for each in classes],
            "opacity": 0.75,
        },
        "hovertemplate": "%{text}<extra></extra>",
    }
    legend = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": escape(name),
            "x": [None],
            "y": [None],
            "marker": {"color": colour[each], "size": 10},
        }
        for each, name in list(names.items())[:NAMED]
    ]
    return [points, *legend]


def _draw_chosen(dataset: OwnDataset, image: int, class_of: dict[int, int], names: dict[int, str]) -> None:
    [shown] = thumbnails(dataset, [image])
    own = class_of[image]
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="picture of the map"):
        st.html(f'<div class="twins"><figure>{shown}</figure></div>', width="content")
        st.markdown(f"Labelled **{plain_markdown(names.get(own, ''))}**", width="stretch")
        others = [each for each in names if each != own]
        if others:
            target = st.selectbox(
                "Is it another one?",
                others,
                format_func=lambda each: names.get(each, ""),
                key=f"map class {image}",
                width=200,
            )
            if pressed("It is that", key="map move"):
                change(dataset, f"A picture moved to {names[target]}", lambda edit: edit.move([image], target))
        if pressed("Take it out", key="map remove", icon=":material/delete:"):
            change(dataset, "A picture of the map removed", lambda edit: edit.remove([image]))
