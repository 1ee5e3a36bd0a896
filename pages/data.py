"""Data: look at the datasets there are, bring your own pictures, check them, and manage the datasets made of them."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.datasets.thumbnails import published
from core.image_sets.folders import dataset_at, find_dataset
from core.image_sets.imports import find_job
from core.image_sets.own_dataset import OwnDataError
from core.paths import data_folder
from pages.components.data.builtin import draw_builtin
from pages.components.data.dataset import draw_dataset
from pages.components.data.dataset_list import draw_datasets, draw_deleted, draw_imports
from pages.components.data.import_form import draw_import_form
from pages.components.data.import_view import draw_import
from pages.components.data.keeping_view import draw_privacy
from pages.components.shell.fences import dataset_fence, fenced, import_fence
from pages.components.shell.header import name_tab, open_page
from pages.components.shell.links import DATA, way_back
from pages.components.shell.messages import show_warning
from pages.components.shell.rights import may_change_job


@contextmanager
def refusal_told() -> Iterator[None]:
    """Why a dataset is not shown, with the way to the others."""
    try:
        yield
    except OwnDataError as error:
        show_warning(str(error))
        way_back(DATA, "All datasets")


open_page("Data")
job = find_job(st.query_params.get("import", ""), data_folder())
chosen = st.query_params.get("set", "")
if job is not None and may_change_job(job):
    with import_fence(job):
        draw_import(job)
elif chosen in published():
    name_tab(published()[chosen].title())
    draw_builtin(published()[chosen])
elif chosen:
    with refusal_told(), dataset_fence(dataset_at(chosen, data_folder())), refusal_told():
        dataset = find_dataset(chosen, data_folder())
        name_tab(dataset.title)
        draw_dataset(dataset)
else:
    st.title("Pictures to learn from")
    draw_privacy()
    draw_imports()
    draw_import_form()
    draw_datasets()
    with fenced("The trash"):
        draw_deleted()
