"""What the network will see: pictures of the chosen dataset, and how augmentation changes them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from core.paths import data_folder
from core.run_config import RunConfig
from pages.components.shell.messages import show_error
from pages.components.shell.pictures import data_address
from pages.components.train.core_process import ask_core


def draw_preview(config: RunConfig | None) -> None:
    """Folded; the pictures are made when someone opens it."""
    with st.expander("What the pictures will look like", key="fold the preview", on_change="rerun") as fold:
        if not fold.open:
            return
        if config is None:
            st.caption("Correct the form first.")
            return
        if not config.dataset.is_present(data_folder()):
            st.caption("The pictures are not here yet; they are downloaded when the training starts.")
            return
        with st.spinner("Changing some pictures ..."):
            address, problem = _sheet(
                config.dataset.model_dump_json(), config.augmentation.model_dump_json(), config.model_dump_json()
            )
        if problem:
            show_error(problem)
            return
        st.html(
            f'<div class="frame"><img class="preview" src="{address}" alt="Training pictures and their changes"></div>'
        )
        changes = config.augmentation.is_on() or config.augmentation.mixes()
        st.caption(
            "On the left pictures as they are, beside each how augmentation changes it: anew in every epoch."
            if changes
            else "The network sees these pictures unchanged in every epoch; the settings under Augmentation change that."
        )


@st.cache_data(max_entries=64, show_spinner=False)
def _sheet(dataset: str, augmentation: str, _config: str) -> tuple[str, str]:
    """A data address of the picture, or why there is none. Made once for a dataset and an augmentation."""
    with tempfile.TemporaryDirectory(prefix="traindesk-") as folder:
        file = Path(folder, "sheet.png")
        answer = ask_core("preview", _config, "--data", str(data_folder()), "--out", str(file))
        if answer is None or "error" in answer:
            return "", str(
                (answer or {}).get("error", "The pictures could not be shown; start the training to see why.")
            )
        return data_address(file.read_bytes()), ""
