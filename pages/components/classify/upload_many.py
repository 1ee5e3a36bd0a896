"""All that was uploaded at once: a table and a CSV, the pictures sorted into folders, and how often a network is right where the
folders are labels."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from core.analysis.scores import interval
from core.export import spreadsheet
from core.inference.class_folders import UNSURE, labels_of, write_sorted
from core.text.numbers import SIGN, fitting, percent
from pages.components.charts.heatmap import heatmap
from pages.components.classify.networks import Network
from pages.components.classify.prediction_view import SURE, Said
from pages.components.classify.upload_read import DAMAGED, Contents, Uploads
from pages.components.run.mistakes_view import pairs_in_words
from pages.components.shell.downloads import download
from pages.components.shell.number_words import count, plain_markdown

LIMITS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
LIMIT = "unsure below"  # key of the slider
NAMED = 8  # classes that the popover counts


@dataclass(frozen=True)
class Many:
    """Uploads and what each network says of them; the first network is the one that counts and sorts."""

    files: Sequence[Any]
    uploads: Uploads
    networks: Sequence[Network]
    answers: dict[str, list[Said | None]]  # run id -> of each picture

    @property
    def first(self) -> list[Said | None]:
        """What the network that counts and sorts says of each picture."""
        return self.answers[self.networks[0].run.id]

    @cached_property
    def labels(self) -> np.ndarray | None:
        """What the folders say: (N,) classes, -1 for none; None where they are no labels."""
        return labels_of([picture.name for picture in self.uploads.pictures], self.networks[0].class_names)


def sureness(said: Said | None) -> float:
    """0..1, -1 where the network does not know."""
    return -1.0 if said is None or said.is_unknown else float(said.probabilities.max())


def draw_takings(many: Many) -> None:
    """The buttons that give something to take along."""
    download("CSV", lambda: as_csv(many), "answers.csv", "answers as csv")
    with st.popover("Sort my pictures", icon=":material/drive_file_move:", key="sort them", on_change="rerun") as place:
        if place.open:
            _draw_sorting(many)


def _draw_sorting(many: Many) -> None:
    limit = st.select_slider(
        "Surer than this goes into the folder of its class",
        LIMITS,
        SURE,
        key=LIMIT,
        format_func=lambda share: percent(share, 0),
        persist_state="session",
    )
    names = many.networks[0].class_names
    counted = Counter(names[said.first] if said and sureness(said) >= limit else "" for said in many.first)
    unsure = counted.pop("", 0) + len(_unread(many))
    listed = [f"{plain_markdown(name)} {number:,}" for name, number in counted.most_common(NAMED)]
    listed += [f"{len(counted) - NAMED:,} more classes"] if len(counted) > NAMED else []
    st.markdown(", ".join([*listed, f"**{UNSURE}** {unsure:,}"]) + ".")
    download("Download as ZIP", lambda: as_sorted(many, limit), "sorted.zip", "sorted pictures", is_primary=True)
    st.caption(
        "Your files as they are, in a folder for each class; what it does not know or cannot read lies with the unsure."
    )


def _unread(many: Many) -> list[tuple[str, Any]]:
    return [(each.name, each.place) for each in many.uploads.failed if each.place is not None]


def as_sorted(many: Many, limit: float) -> bytes:
    """A ZIP of the original files in class folders, those that the network is less sure of than `limit` in `unsure`."""
    names, contents = many.networks[0].class_names, Contents(many.files)

    def sorted_ones() -> Iterator[tuple[str, str | None, bytes]]:
        for picture, said in zip(many.uploads.pictures, many.first, strict=True):
            class_name = names[said.first] if said and sureness(said) >= limit else None
            yield picture.name, class_name, contents[picture.place]
        for name, place in _unread(many):
            try:
                data = contents[place]
            except DAMAGED:
                continue
            yield name, None, data

    stream = io.BytesIO()
    write_sorted(sorted_ones(), stream)
    return stream.getvalue()


def draw_all(many: Many) -> None:
    """Below the picked picture: how often it is right, where folders tell, and every answer in a table."""
    if many.labels is not None:
        _draw_accuracy(many, many.labels)
    with st.expander(
        "All answers in a table", icon=":material/table_rows:", key="all answers", on_change="rerun"
    ) as place:
        if place.open:
            share = st.column_config.NumberColumn(format=f"%.1f{SIGN.replace('%', '%%')}")
            columns = {name: share for name in table(many) if name.startswith("Confidence")}
            st.dataframe(table(many), hide_index=True, width="stretch", height=420, column_config=columns)


def _draw_accuracy(many: Many, labels: np.ndarray) -> None:
    names = list(many.networks[0].class_names)
    answered = [(int(label), each) for label, each in zip(labels, many.first, strict=True) if label >= 0 and each]
    matrix = np.zeros((len(names), len(names)), dtype=np.int64)
    for label, each in answered:
        matrix[label, each.first] += 1
    if not answered:
        return
    right, left_out = int(np.trace(matrix)), len(labels) - len(answered)
    unknown = sum(each.is_unknown for _, each in answered)
    low, high = (percent(each) for each in interval(right, len(answered)))
    share = percent(right / len(answered))
    told = f"Your folders are called like its classes: **{share}** of the pictures in them are right; "
    told += f"with other pictures of the kind {low} to {high}."
    if left_out:
        told += f" {count(left_out, 'picture')} in other folders {fitting(left_out, 'are')} left out."
    if unknown:
        told += (
            f" Of {count(unknown, 'picture')} it says that it does not know; what it would have to choose counts here."
        )
    st.header("How often it is right")
    picture, words = st.columns([6, 5], gap="medium")
    with words:
        st.markdown(told)
        st.markdown(pairs_in_words(matrix, names))
    with picture:
        heatmap(matrix, names, key="confusion of uploads", title="Confusion matrix, your pictures")


def table(many: Many) -> dict[str, list]:
    """Columns of all answers; confidence in per cent with one decimal, never 100 for what is not quite all."""
    pictures = many.uploads.pictures
    columns: dict[str, list] = {"File": [picture.name for picture in pictures]}
    names = many.networks[0].class_names
    if many.labels is not None:
        columns["Folder says"] = [names[label] if label >= 0 else None for label in many.labels.tolist()]
        columns["Right"] = [
            None if label < 0 or said is None else "yes" if said.first == label else "no"
            for label, said in zip(many.labels.tolist(), many.first, strict=True)
        ]
    for network in many.networks:
        after = "" if len(many.networks) == 1 else f", {network.title}"
        said = many.answers[network.run.id]
        columns[f"Answer{after}"] = [each and network.class_names[each.first] for each in said]
        columns[f"Confidence{after}"] = [each and _in_per_cent(float(each.probabilities.max())) for each in said]
        columns[f"Knows it{after}"] = [each and ("no" if each.is_unknown else "yes") for each in said]
    return columns


def as_csv(many: Many) -> bytes:
    """For spreadsheets: 97.9% is a number to them, and the mark at the beginning keeps names in any script whole."""
    import pandas as pd

    columns = {
        name: [each if each is None or not name.startswith("Confidence") else f"{each:.1f}%" for each in values]
        for name, values in table(many).items()
    }
    return spreadsheet.as_csv(pd.DataFrame(columns), "utf-8-sig")


def _in_per_cent(share: float) -> float:
    return float(percent(share).removesuffix(SIGN).removeprefix("<"))
