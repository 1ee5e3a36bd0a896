"""Pictures that are uploaded, pasted or photographed: one with its answer, or a grid with the answer under each, and all about
the one that is picked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.images.read import read_image
from core.text.numbers import percent
from pages.components.classify.browser import draw_tiles, pasted, thumbnail
from pages.components.classify.camera import camera_is_closed, snapped
from pages.components.classify.desk import Asked, crowd_note, draw_desk, invitation
from pages.components.classify.networks import ANSWERED, BATCH, Network, following, loaded, said_of_many
from pages.components.classify.prediction_view import Said
from pages.components.classify.upload_many import Many, draw_all, draw_takings, sureness
from pages.components.classify.upload_read import MOST, Failed, Uploads, original, read_all
from pages.components.shell.messages import show_error
from pages.components.shell.number_words import count
from pages.components.shell.widgets import paged

NAMED = 5  # files that could not be read
A_PAGE = 200  # tiles
ANSWERS = "answers to the uploads"
EMPTY = "There is nothing to be seen in this photo; hold it closer and try again."
NOTHING = "There is nothing to be seen in it; choose a picture with something in it."


@following
def draw_upload(networks: Sequence[Network]) -> None:
    """The uploader, the tiles, and the answer to the one that is picked. A fragment: that redraws the answer, not the page."""
    hint = networks[0].config.dataset.input_hint

    many: list[Many] = []

    def source(networks: list[Network]) -> Asked:
        files = st.file_uploader(
            f"Pictures of {hint}, several at once, or a ZIP of up to {MOST:,}",
            type=["image", "zip"],
            accept_multiple_files=True,
            key="uploads",
        )
        return _picked(files, networks, many) if files else _shown(networks, pasted(key="pasted"), "pasted")

    said = "What the network says of them appears here. Nothing leaves this computer."
    draw_desk(networks, source, "upload", invitation("Choose pictures, or drop them in the box.", said))
    for each in many:
        draw_all(each)


@following
def draw_photo(networks: Sequence[Network]) -> None:
    """A photo by the camera of the visitor's device."""
    hint = networks[0].config.dataset.input_hint

    def source(networks: list[Network]) -> Asked:
        if camera_is_closed():
            return _snapped(networks)
        photo = st.camera_input(f"Take a photo of {hint}", key="photo")
        image = read_image(photo.getvalue(), "photo") if photo else None
        asked = Asked.about(networks, image)
        if image and not asked.is_something:
            st.markdown(EMPTY)
        return asked

    said = "What the network says of it appears here. Nothing leaves this computer."
    draw_desk(networks, source, "photo", invitation(f"Take a photo of {hint}.", said))


def _snapped(networks: Sequence[Network]) -> Asked:
    try:
        taken = snapped(key="snapped")
    except ImageError as error:
        show_error(str(error))
        return Asked()
    return _shown(networks, taken[1] if taken else None, "the photo", EMPTY)


def _shown(networks: Sequence[Network], image: Image.Image | None, name: str, empty: str = NOTHING) -> Asked:
    if image is None:
        return Asked()
    st.html(f'<div class="frame-of-picture photo"><img src="{thumbnail(image, 480)}" alt="{escape(name)}"></div>')
    asked = Asked.about(networks, image)
    if not asked.is_something:
        st.markdown(empty)
    return asked


def _picked(files: Sequence[Any], networks: list[Network], many: list[Many]) -> Asked:
    uploads = read_all(files, networks)
    _show_failed(uploads.failed)
    able = loaded(networks)
    if not uploads.pictures or not able:
        return Asked()
    if len(uploads.pictures) == 1:  # a grid of one would say the answer twice
        (picture,) = uploads.pictures
        return _shown(networks, original(files, picture), picture.name)
    answers = {network.run.id: _answers(uploads, network, networks.index(network)) for network in able}
    first = answers[able[0].run.id]
    order = list(range(len(uploads.pictures)))
    many.append(Many(files, uploads, able, answers))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="of many"):
        st.markdown(f"{count(len(order), 'picture')} answered.")
        if st.toggle("The least sure first", key="least sure"):
            order.sort(key=lambda row: sureness(first[row]))
        draw_takings(many[0])
    start = paged(len(order), A_PAGE, "page of tiles")
    names = able[0].class_names
    tiles = [_tile(uploads, row, first[row], names) for row in order[start : start + A_PAGE]]
    place = draw_tiles(tiles, f"{uploads.key} {start} {order[start]}", key="tiles")
    row = order[start + place]
    image = original(files, uploads.pictures[row])
    return Asked(uploads.prepared(row), image, note=crowd_note(networks[0], image))


def _tile(uploads: Uploads, row: int, said: Said | None, names: tuple[str, ...]) -> dict[str, str]:
    picture = uploads.pictures[row]
    tile = {"src": picture.small, "name": picture.name, "said": "-", "sure": "", "kind": "unknown"}
    if said is None:
        return tile
    if said.is_unknown:
        return tile | {"said": f"{names[said.first]}?", "sure": "don't know"}
    return tile | {"said": names[said.first], "sure": percent(float(said.probabilities.max())), "kind": ""}


def _answers(uploads: Uploads, network: Network, place: int) -> list[Said | None]:
    """The network's answers to all pictures, None where there is nothing to be seen; kept while nothing changes."""
    what = uploads.key, network.classifier.epoch, network.known is None, st.session_state.get(ANSWERED)
    kept = st.session_state.setdefault(ANSWERS, {})
    if kept.get(network.run.id, (None,))[0] != what:
        found: list[Said | None] = []
        with st.spinner("Answering ..."):
            for start in range(0, len(uploads.pictures), BATCH):
                rows = range(start, min(start + BATCH, len(uploads.pictures)))
                forms = {row: form for row in rows if (form := uploads.forms[place][row]) is not None}
                said = dict(zip(forms, said_of_many(network, list(forms.values())), strict=True))
                found += [said.get(row) for row in rows]
        kept[network.run.id] = what, found
    return kept[network.run.id][1]


def _show_failed(failed: list[Failed]) -> None:
    for each in failed[:NAMED]:
        show_error(each.sentence if each.name in each.sentence else f"{each.name}: {each.sentence}")
    if len(failed) > NAMED:
        with st.expander(f"{count(len(failed) - NAMED, 'file')} more could not be read"):
            st.markdown("\n".join(f"- `{each.name.replace('`', '')}`" for each in failed[NAMED:200]))
