"""The ways in which pictures come: files, drawings, photos, a folder of the server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import streamlit as st

from core.files import remedy
from core.image_sets.edit import LONGEST_NAME, checked_name
from core.image_sets.imports import Job, Request, start
from core.image_sets.kept_names import KeptNames
from core.image_sets.own_dataset import OwnDataError
from core.image_sets.sources import MOST_BYTES, MOST_FILES, allowed_folders, folder_in_bounds
from core.text.typed import clean_line
from pages.components.data.drafts import draw_camera, draw_drawings
from pages.components.shell.links import WAY, import_page, say, show
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.rights import is_host, new_job_of_visitor
from pages.components.shell.widgets import pressed

ROUND = "round of uploads"  # a new number empties the uploaders


def draw_import_form(into: str = "") -> None:
    """The ways as tiles; the chosen one opens below them. `into` is the dataset that the pictures are added to; "" makes a
    new one."""
    st.header("Add pictures" if into else "Bring pictures")
    can_read = bool(allowed_folders()) and is_host()
    ways = {name: way for name, way in WAYS.items() if name != "server" or can_read}
    way = st.query_params.get(WAY, "")
    with st.container(key=f"ways {into}"):  # a grid: style.css
        for name, (icon, title, words, _) in ways.items():
            st.button(
                f"**{title}** :small[{words}]",
                icon=icon,
                key=f"tile {name} {into}",
                type="primary" if name == way else "secondary",
                width="stretch",
                on_click=say,
                args=(WAY, "" if name == way else name),
            )
    if way in ways:
        with st.container(border=True, key=f"way {way} {into}"):
            ways[way][-1](into)


def _draw_files(into: str) -> None:
    files = st.file_uploader(
        "A ZIP with a folder for each class, or pictures of one class",
        type=["zip", "image", "csv", "tsv", "jsonl"],
        accept_multiple_files=True,
        key=f"files {into} {st.session_state.get(ROUND, 0)}",
    )
    st.caption(
        "Folders for training and test above the classes are recognised; a CSV with the columns file and label works too. "
        f"Up to {MOST_FILES:,} files and {MOST_BYTES / 2**30:,.0f} GB unpacked; pictures of more than 512 pixels a side are kept "
        "smaller."
    )
    if not files:
        return
    zips = [file for file in files if file.name.lower().endswith(".zip")]
    if len(zips) == 1 and len(files) == 1:
        _start_import(files, _title(zips[0].name), into)
    elif zips:
        show_error("Bring one ZIP at a time, without other files beside it.")
    elif any(file.name.lower().endswith((".csv", ".tsv", ".jsonl")) for file in files):
        _start_import(files, "Pictures with labels", into)
    else:
        with st.form(f"one class {into}", border=False):
            name = st.text_input("Class of these pictures", max_chars=LONGEST_NAME, key=f"class of files {into}")
            if pressed("Bring them in", f"bring in {into}", st.form_submit_button, type="primary"):
                with errors_shown():
                    class_name = checked_name(name, "A class")
                    _start_import(files, class_name, into, class_name)


def _draw_directory(into: str) -> None:
    files = st.file_uploader(
        "A folder with a folder for each class in it",
        type=["image", "csv", "tsv", "jsonl", "json", "xml", "txt"],
        accept_multiple_files="directory",
        key=f"directory {into} {st.session_state.get(ROUND, 0)}",
    )
    st.caption("For thousands of pictures a ZIP is quicker.")
    if files:
        first = PurePosixPath(files[0].name).parts
        _start_import(files, first[0] if len(first) > 1 else "Pictures", into)


def _draw_server_folder(into: str) -> None:
    roots = ", ".join(f"`{root}`" for root in allowed_folders())
    text = st.text_input(
        "Folder on the computer that runs TrainDesk",
        key=f"server folder {into}",
        placeholder=str(allowed_folders()[0]),
        live=True,
    )
    st.caption(f"It must lie in {roots}. Its files stay where they are.")
    if pressed("Bring it in", type="primary", key=f"bring folder {into}", disabled=not text.strip()):
        with errors_shown():
            path = folder_in_bounds(text)
            _start(new_job_of_visitor(0), Request(str(path), path.name, into=into))


def _start_import(files: Sequence, title: str, into: str, class_name: str = "") -> None:
    """Stores what the browser sent and starts the import; of what could not be stored nothing remains."""
    job = None
    try:
        job = new_job_of_visitor(sum(file.size for file in files))
        if len(files) == 1 and files[0].name.lower().endswith(".zip"):
            path = job.uploads / "pictures.zip"
            path.write_bytes(files[0].getbuffer())
        else:
            path = job.uploads
            names = KeptNames(path)
            for file in files:
                _store(file, names)
            names.keep()
        _start(job, Request(str(path), title, class_name, into))
    except OSError as error:
        if job is not None:
            job.remove()
        show_error(f"The files could not be stored ({error.strerror}); {remedy(error)}.")
    except OwnDataError as error:
        show_error(str(error))


def parts_of(name: str) -> list[str]:
    """Where a file that a browser calls so lies below a folder of ours: no part of it leads out of there."""
    line = clean_line(name.replace("\\", "/"))  # first, as what is left out may stand between two dots
    return [part[-120:] for part in PurePosixPath(line).parts if part not in ("/", "//", "..", ".", "")] or ["picture"]


def _store(file, names: KeptNames) -> None:
    """Under its own name within the folder, whatever the browser says."""
    *folders, name = parts_of(file.name)
    place = names.place([*folders, name])
    for number in range(1, 10_000):
        if not place.exists():
            break
        path = Path(name)
        place = names.place([*folders, f"{path.stem} {number}{path.suffix}"])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(file.getbuffer())


def _start(job: Job, request: Request) -> None:
    start(job, request)
    st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    show(import_page(job.id))
    st.rerun()


def _title(name: str) -> str:
    stem = PurePosixPath(name).stem.replace("_", " ").replace("-", " ").strip()
    return (stem[:1].upper() + stem[1:])[:LONGEST_NAME] or "Pictures"


WAYS = {  # in the address -> (icon, title, what it is for, what draws it)
    "files": (":material/folder_zip:", "ZIP or pictures", "a folder for each class", _draw_files),
    "folder": (":material/drive_folder_upload:", "Folder", "of this computer", _draw_directory),
    "draw": (":material/draw:", "Draw", "symbols of your own", draw_drawings),
    "camera": (":material/photo_camera:", "Camera", "hold things before it", draw_camera),
    "server": (":material/dns:", "Folder of the server", "nothing is copied", _draw_server_folder),
}
