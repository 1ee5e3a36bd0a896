"""Whether a network's confidence can be trusted: how sure it says it is against how often it is right."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.analysis.mistakes import Reliability, reliability
from core.analysis.run_words import trust
from core.runs.predictions import Predictions
from core.text.numbers import SIGN, count, percent
from pages.components.charts.figure import figure
from pages.components.charts.told import Told


def draw_calibration(predictions: Predictions, pictures: str, key: str) -> None:
    """Folded; `pictures` says which ones, in words."""
    found = reliability(predictions)
    with st.expander("Can its confidence be trusted?"):
        st.markdown(calibration_in_words(found.confidence, found.accuracy, found.pictures, found.error))
        names = [count(int(number), "picture") for number in found.pictures]
        traces = [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [0, 100],
                "y": [0, 100],
                "name": "as sure as right",
                "line": {"dash": "dot", "color": "$text", "width": 1},
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": (100 * found.confidence).round(2).tolist(),
                "y": (100 * found.accuracy).round(2).tolist(),
                "text": names,
                "name": "this network",
                "line": {"color": "$chart0", "width": 2.4},
                "marker": {"size": (6 + 10 * np.sqrt(found.pictures / found.pictures.max())).round(1).tolist()},
                "hovertemplate": "%{x:.1f}\u202f% sure, %{y:.1f}\u202f% right<br>%{text}<extra></extra>",
            },
        ]
        axis = {"ticksuffix": SIGN, "range": [0, 103]}
        layout = {
            "xaxis": {**axis, "title": {"text": "how sure it says it is"}},
            "yaxis": {**axis, "title": {"text": "how often it is right"}},
        }
        title = f"Reliability, {pictures}"
        with st.container(width=560):
            rows = [
                [percent(sure), percent(right), name]
                for sure, right, name in zip(found.confidence.tolist(), found.accuracy.tolist(), names, strict=True)
            ]
            told = Told(trust(found, str), ("how sure it says it is", "how often it is right", "of"), rows)
            figure(traces, layout, key=key, title=title, told=told, height=360)


def calibration_in_words(confidence: np.ndarray, accuracy: np.ndarray, pictures: np.ndarray, error: float) -> str:
    """Markdown: what the curve says; confidence and accuracy (b,) 0..1, pictures (b,) of each bin, error 0..1."""
    return trust(Reliability(confidence, accuracy, pictures, error), "**{}**".format)
