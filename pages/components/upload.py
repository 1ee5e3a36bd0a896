"""Uploaded pictures: a few with all that helps to understand the answer, many in a table."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np
import streamlit as st
from PIL import Image

from core.errors import ImageError
from core.images.read import SUFFIXES, read_image
from pages.components.answer import draw_figures, picture_figure
from pages.components.ask import draw_answers
from pages.components.messages import show_error
from pages.components.networks import Network, prepared_by
from pages.components.paste import pasted
from pages.components.pictures import address_of
from pages.components.wording import count

FEW = 4  # pictures up to which each has its own answer
MOST = 5000  # pictures at a time
MOST_BYTES = 500_000_000  # that a ZIP may hold, unpacked
NAMED = 5  # files that could not be read
BATCH = 50  # pictures between two moves of the progress bar


@st.fragment
def draw_upload(networks: Sequence[Network]) -> None:
    """The uploader and the results. One bad file does not keep the others from being answered."""
    hint = networks[0].classifier.config.dataset.input_hint
    files = st.file_uploader(
        f"Pictures of {hint} (PNG, JPEG or another common format; several at once, or a ZIP of up to {MOST:,})",
        type=["image", "zip"],
        accept_multiple_files=True,
        key="uploads",
    )
    if not files:
        _draw_pasted(networks)
        return
    ready, failed = _read_all(files, networks)
    _show_failed(failed)
    if len(ready) <= FEW:
        for place, (name, image, prepared) in enumerate(ready):
            with st.container(border=True):
                if image:
                    draw_figures(picture_figure(image, name))
                draw_answers(networks, prepared, key=f"upload {place}", image=image)
    else:
        _table(networks, ready)


def _draw_pasted(networks: Sequence[Network]) -> None:
    try:
        image = pasted(key="pasted")
        prepared = prepared_by(networks, image) if image else []
    except ImageError as error:
        show_error(str(error))
        return
    if image is None:
        return
    if prepared[0] is None:
        st.markdown("There is nothing to be seen in what was pasted.")
        return
    with st.container(border=True):
        draw_figures(picture_figure(image, "pasted"))
        draw_answers(networks, prepared, key="pasted", image=image)


@st.fragment
def draw_photo(networks: Sequence[Network]) -> None:
    """A photo by the camera of the visitor's device."""
    hint = networks[0].classifier.config.dataset.input_hint
    photo = st.camera_input(f"Take a photo of {hint}", key="photo")
    if photo is None:
        return
    try:
        image = read_image(photo.getvalue(), "photo")
        prepared = prepared_by(networks, image)
    except ImageError as error:
        show_error(str(error))
        return
    if prepared[0] is None:
        st.markdown("There is nothing to be seen in this photo; hold it closer and try again.")
        return
    draw_answers(networks, prepared, key="photo", image=image)


Ready = tuple[str, Image.Image | None, list[np.ndarray | None]]


def _read_all(files: Sequence, networks: Sequence[Network]) -> tuple[list[Ready], list[tuple[str, str]]]:
    """Every picture that can be read, in the networks' forms, and (name, sentence) of the others."""
    ready: list[Ready] = []
    failed: list[tuple[str, str]] = []
    bar = st.progress(0.0, text="Reading the pictures ...") if len(files) > BATCH or _has_zip(files) else None
    for done, (name, data, total) in enumerate(_contents(files, failed), start=1):
        try:
            image = read_image(data, name)
            prepared = prepared_by(networks, image)
            if prepared[0] is None:
                raise ImageError(f"There is nothing to be seen in '{name}'; choose a picture with something in it.")
            ready.append(
                (name, image if len(ready) < FEW else None, prepared)
            )  # of many only what the networks see is kept
        except ImageError as error:
            failed.append((name, str(error)))
        if bar and done % BATCH == 0:
            bar.progress(min(1.0, done / max(1, total)), text=f"{done:,} of {total:,} pictures")
    if bar:
        bar.empty()
    return ready, failed


def _contents(files: Sequence, failed: list[tuple[str, str]]) -> Iterator[tuple[str, bytes, int]]:
    """(name, bytes, number of pictures in all), what lies in ZIPs too; at most MOST."""
    given = 0
    for file in files:
        if not file.name.lower().endswith(".zip"):
            given += 1
            yield file.name, file.getvalue(), len(files)
            continue
        try:
            with zipfile.ZipFile(io.BytesIO(file.getvalue())) as archive:
                entries = [entry for entry in archive.infolist() if _is_picture(entry)]
                if sum(entry.file_size for entry in entries) > MOST_BYTES:
                    failed.append(
                        (
                            file.name,
                            f"'{file.name}' unpacks to more than {MOST_BYTES / 1e6:.0f} MB; choose a smaller one.",
                        )
                    )
                    continue
                if given + len(entries) > MOST:
                    failed.append(
                        (
                            file.name,
                            f"'{file.name}' holds {len(entries):,} pictures; the first {MOST - given:,} are read.",
                        )
                    )
                for entry in entries[: MOST - given]:
                    given += 1
                    with archive.open(entry) as stream:
                        yield PurePosixPath(entry.filename).name, stream.read(entry.file_size), len(entries)
                if not entries:
                    failed.append((file.name, f"There are no pictures in '{file.name}'."))
        except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError):
            failed.append((file.name, f"'{file.name}' is no ZIP that can be read; pack it anew without a password."))


def _is_picture(entry: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(entry.filename)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not entry.is_dir() and not hidden and path.suffix.lower().lstrip(".") in SUFFIXES


def _has_zip(files: Sequence) -> bool:
    return any(file.name.lower().endswith(".zip") for file in files)


def _show_failed(failed: list[tuple[str, str]]) -> None:
    for name, sentence in failed[:NAMED]:
        show_error(sentence if name in sentence else f"{name}: {sentence}")
    if len(failed) > NAMED:
        with st.expander(f"{count(len(failed) - NAMED, 'file')} more could not be read"):
            st.markdown("\n".join(f"- `{name}`" for name, _ in failed[NAMED:200]))


def _shown(pixels: np.ndarray | None) -> str:
    return "" if pixels is None else address_of(np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def _table(networks: Sequence[Network], ready: list[Ready]) -> None:
    columns: dict[str, list] = {
        "Picture": [_shown(forms[0]) for _, _, forms in ready],
        "File": [name for name, _, _ in ready],
    }
    for place, network in enumerate(networks):
        after = "" if len(networks) == 1 else f", {network.title}"
        prepared = {row: pixels for row, (_, _, forms) in enumerate(ready) if (pixels := forms[place]) is not None}
        rows = list(prepared)
        answers = network.classifier.predict(list(prepared.values()))
        said: list[str | None] = [None] * len(ready)
        sure: list[float | None] = [None] * len(ready)
        for row, shares in zip(rows, answers, strict=True):
            said[row] = network.classifier.class_names[int(shares.argmax())]
            sure[row] = float(shares.max()) * 100
        columns |= {f"Answer{after}": said, f"Confidence{after}": sure}
    st.markdown(f"{count(len(ready), 'picture')} answered. A click on a column sorts by it.")
    shares = {
        name: st.column_config.NumberColumn(format="%.1f %%") for name in columns if name.startswith("Confidence")
    }
    st.dataframe(
        columns, hide_index=True, column_config={"Picture": st.column_config.ImageColumn(width="small"), **shares}
    )
    st.download_button(
        "Download as CSV",
        lambda: _csv({name: column for name, column in columns.items() if name != "Picture"}),
        file_name="answers.csv",
        icon=":material/download:",
        on_click="ignore",
    )


def _csv(columns: dict[str, list]) -> bytes:
    import pandas as pd

    return pd.DataFrame(columns).to_csv(index=False).encode()
