"""Datasets made on the spot: drawings and photos, class by class, kept as they come and made into a dataset by one click."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path

import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.files import remove_file, remove_folder
from core.image_sets import writers
from core.image_sets.edit import LONGEST_NAME, checked_name
from core.image_sets.folders import dataset_at
from core.image_sets.imports import Job, Request, find_job, start
from core.image_sets.kept_names import KeptNames
from core.image_sets.layout import tidy_class
from core.image_sets.own_dataset import OwnDataset
from core.inference.collecting import Collecting, Example
from core.paths import data_folder
from pages.components.classify.browser import canvas
from pages.components.data.already import draw_already, follow
from pages.components.data.dataset_list import draft_key
from pages.components.data.keep_network import ask_to_keep
from pages.components.data.keeping_view import draw_keeping
from pages.components.data.photos import take_photos
from pages.components.shell.classifiers import warm_up
from pages.components.shell.html_parts import data_address, gallery
from pages.components.shell.links import WAY, import_page, show
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.rights import new_job_of_visitor
from pages.components.shell.widgets import action, pressed

KEYBOARD = "With a keyboard, bring pictures as files."
ENOUGH = 5  # pictures of each class before a dataset can be made
GOAL = 20  # that a class should have
WRITER = "writer of drawings"
LATEST = 8  # pictures shown of a class
Collect = Callable[[Path, str, bool], Image.Image | None]  # folder of the class, dataset, does something answer?


def draw_drawings(into: str) -> None:
    """Draw, keep, draw the next."""
    _draft("drawings", into, _draw_one, "the drawing on the left")


def draw_camera(into: str) -> None:
    """Hold the button, and the camera takes pictures."""
    _draft("photos", into, take_photos, "what the camera sees")


def _draft(kind: str, into: str, collect: Collect, shown: str) -> None:
    job = find_job(st.session_state.get(draft_key(kind, into), ""), data_folder())
    target = dataset_at(into, data_folder()) if into else None
    st.markdown(
        f"Name a class, give it {GOAL} {kind}, then name the next one."
        + (f" They are added to **{plain_markdown(target.title)}**." if target else "")
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Class",
            key=f"class of {kind} {into}",
            max_chars=LONGEST_NAME,
            placeholder="for example: star",
            width=320,
            live=True,
        )
        if kind == "drawings":
            st.text_input(
                "Who draws",
                key=f"{WRITER} {into}",
                max_chars=writers.LONGEST,
                placeholder="a name, if several do",
                width=240,
                live=True,
            )
    folder = None
    if name.strip():
        with errors_shown():
            class_name = checked_name(name, "A class")
            if job is None:
                job = new_job_of_visitor()
                st.session_state[draft_key(kind, into)] = job.id
            names = KeptNames(job.uploads)
            folder = names.place([tidy_class(class_name)])
            names.keep()
    if job is None:
        return
    warm_up()
    examples = [*(taught_by(target) if target else []), *_taught(job)]
    fit = target.about("fit") if target else "ink" if kind == "drawings" else ""

    def draw(live: Collecting) -> None:
        left, right = st.columns([2, 3], gap="medium")
        image = None
        with left:
            if folder is not None:
                image = collect(folder, into, live.learned is not None)
        with right:
            draw_already(live, image, shown, f"{kind} {into}")

    follow(f"{job.id} {into}", examples, fit, draw)
    _draw_collected(job, kind, into)


def draw_what_it_knows(dataset: OwnDataset) -> None:
    """What the pictures that are there teach already, while none are drawn or taken; looked at when someone opens it."""
    if st.query_params.get(WAY) in ("draw", "camera"):
        return
    place = st.expander(
        "Try what these pictures teach already", icon=":material/bolt:", key=f"knows {dataset.id}", on_change="rerun"
    )
    if place.open:
        warm_up()
        with place:
            follow(
                dataset.id,
                taught_by(dataset),
                dataset.about("fit"),
                lambda live: draw_already(live, None, "a picture that you upload", dataset.id),
            )


def _taught(job: Job) -> list[Example]:
    """The pictures of a draft in the order in which they came."""
    names = KeptNames(job.uploads)
    found = [
        (file, names.called(file.parent), file.stat().st_mtime_ns) for file in job.uploads.glob("*/*") if file.is_file()
    ]
    return [Example(str(file), label, file.read_bytes) for file, label, _ in sorted(found, key=lambda each: each[2])]


def taught_by(dataset: OwnDataset) -> list[Example]:
    """The pictures of a dataset; look-alikes are held out together."""
    members, names = dataset.members(), {each.id: each.name for each in dataset.classes()}
    return [
        Example(f"{dataset.id} {image}", names[label], partial(dataset.content, image), group_id)
        for image, label, group_id in zip(
            members.images.tolist(), members.classes.tolist(), members.group_ids.tolist(), strict=True
        )
    ]


def _draw_one(folder: Path, into: str, answers: bool) -> Image.Image | None:
    """What is drawn."""
    turn = st.session_state.setdefault(f"turn of drawing {into}", 0)
    try:
        image = canvas(key=f"own drawing {into} {turn}", hint=f"one of class {folder.name}", otherwise=KEYBOARD)
    except ImageError as error:
        show_error(str(error))
        return None
    # never disabled: between a stroke and the picture's arrival here, Enter would be lost on a disabled button
    if pressed("Keep it and draw the next", type="primary", key=f"keep drawing {into}", shortcut="Enter"):
        if image is None:
            st.caption("Nothing is drawn yet: draw it, then keep it.")
            return None
        with errors_shown():
            file = _file_of_drawing(st.session_state.get(f"{WRITER} {into}", ""))
            folder.mkdir(parents=True, exist_ok=True)
            image.save(folder / file)
            st.session_state[f"turn of drawing {into}"] += 1
            st.rerun()
    return image


def _file_of_drawing(writer: str) -> str:
    """Raises TrainDeskError."""
    if not writer.strip():
        return f"{secrets.token_hex(6)}.png"
    return writers.file_by(writers.checked_writer(writer), time.time_ns() // 1_000_000)


def _draw_collected(job: Job, kind: str, into: str) -> None:
    """What there is so far, and the button that makes a dataset of it."""
    names = KeptNames(job.uploads)
    classes = {
        names.called(folder): sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        for folder in sorted(job.uploads.iterdir())
        if folder.is_dir()
    }
    classes = {name: files for name, files in classes.items() if files}
    for name, files in classes.items():
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain_markdown(name)}** {_so_many(len(files))}")
                last, every = (
                    partial(remove_file, files[-1]),
                    partial(remove_folder, files[0].parent),
                )
                action("Remove the last one", last, key=f"less {into} {name}", type="tertiary", icon=":material/undo:")
                action("Remove all", every, key=f"none {into} {name}", type="tertiary", icon=":material/delete:")
            st.html(gallery([_tile(file, name) for file in reversed(files[-LATEST:])], escape(name), small=True))
    if not classes:
        return
    if not into:
        draw_keeping(job.folder, True)
    few = [name for name, files in classes.items() if len(files) < ENOUGH]
    if few or len(classes) < 2 and not into:
        missing = f"{ENOUGH} or more {kind} of each class" if few else "a second class"
        st.caption(f"Still needed: {missing}.")
        return
    total = sum(len(files) for files in classes.values())
    words = f"Add {count(total, 'picture')}" if into else f"Make a dataset of {count(total, 'picture')}"
    with st.container(horizontal=True, vertical_alignment="center"):
        make = pressed(words, type="primary", key=f"make of {kind} {into}", icon=":material/check:")
        keep = pressed(
            "Keep this network",
            key=f"keep network of {kind} {into}",
            icon=":material/school:",
            help="Makes a dataset of the pictures and a finished training of the network that answers, in seconds.",
        )
    if make or keep:
        about = {"fit": "ink"} if kind == "drawings" and not into else {}
        title = f"My {kind}: {', '.join(classes)}"[:LONGEST_NAME]
        with errors_shown():
            start(job, Request(str(job.uploads), title, into=into, about=about))
            if keep:
                ask_to_keep(job)
            st.session_state.pop(draft_key(kind, into))
            show(import_page(job.id))
            st.rerun()


def _so_many(pictures: int) -> str:
    """ "3 of 20"; "49" where that is more than a class should have."""
    return f"{pictures} of {GOAL}" if pictures <= GOAL else f"{pictures:,}"


def _tile(file: Path, name: str) -> str:
    address = data_address(file.read_bytes(), "png" if file.suffix == ".png" else "jpeg")
    return f'<figure><img src="{address}" alt="{escape(name)}"></figure>'
