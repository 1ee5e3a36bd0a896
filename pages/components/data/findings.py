"""What the checks say of a dataset: one verdict, then each finding with its pictures and its buttons; and labels that are
probably wrong, looked for among all pictures: start, progress, and three buttons for each."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from html import escape
from pathlib import Path

import streamlit as st

from core.errors import TrainDeskError
from core.image_analysis.label_check import Doubt, LabelCheck, last_check, leave_key, open_doubts, start
from core.image_sets.checks import findings
from core.image_sets.edit import Edit, editing
from core.image_sets.finding import Choice, Finding, verdict
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.twins import leave, left_alone
from core.images.fit import prepare_square
from core.images.read import read_image
from core.text.numbers import percent
from pages.components.data.browser import thumbnails
from pages.components.data.dataset_list import SPLIT_WORDS
from pages.components.shell.html_parts import gallery, picture
from pages.components.shell.messages import errors_shown, show_error
from pages.components.shell.number_words import count, plain_markdown
from pages.components.shell.widgets import action, pressed, redrawn

SIGNS = {
    "stop": ":red[:material/block:]",
    "warning": ":orange[:material/warning:]",
    "good": ":green[:material/check_circle:]",
}
STOPPED_ABOVE = "No training can start on these pictures yet; what stands in the way is said above."
PREVIEW_SIDE = 96  # pixels
SHOWN = 12  # at a time: each has three buttons
REFRESH_SECONDS = 0.7


def draw_findings(
    dataset: OwnDataset, key: str, choices: bool = True, told: frozenset[str] = frozenset(), praise: bool = True
) -> None:
    """What the checks say, each with the buttons that put it right or, with `choices`, what trainings are to do about it.

    What keeps a training from starting and is of a kind that was `told` further up is not said twice. Without `praise`
    nothing is said where all is well.
    """
    found = findings(dataset)
    answer = verdict(found)
    left = [finding for finding in found if not (finding.blocks and finding.kind in told)]
    above = any(finding.blocks for finding in found) and not any(finding.blocks for finding in left)
    if praise or answer.level != "good":
        st.markdown(f"{SIGNS[answer.level]} {STOPPED_ABOVE if above else answer.sentence}")
    for finding in left:
        with st.container(
            border=bool(finding.action or (finding.choice and choices) or finding.is_serious),
            gap="small",
            key=f"finding {finding.kind} {key}",
        ):
            icon = SIGNS["stop"] if finding.blocks else SIGNS["warning"] if finding.is_serious else ":material/info:"
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{icon} {plain_markdown(finding.sentence)}", width="stretch")
                if finding.repair and finding.action and pressed(finding.action, key=f"repair {finding.kind} {key}"):
                    change(dataset, finding.action, finding.repair)
                if finding.choice and choices:
                    _draw_choice(dataset, finding.choice, key)
            example = finding.choice.example if finding.choice and choices else None
            labels = tuple(finding.choice.labels.items()) if finding.choice else ()
            if example and (effects := _effects(str(dataset.file), example, labels)):
                st.html(effects)
            if finding.ways:
                _draw_ways(dataset, finding, key)
            elif finding.groups:
                st.html(_twins(dataset, finding.groups))


def change(dataset: OwnDataset, words: str, repair: Callable[[Edit], None]) -> None:
    """Makes the change as a new version and draws the page anew, or says why it could not be made."""
    with errors_shown():
        with editing(dataset, words) as edit:
            repair(edit)
        st.rerun()


def _draw_ways(dataset: OwnDataset, finding: Finding, key: str) -> None:
    """Each group of twins with the buttons that decide it alone."""
    for place, (group, ways, pair) in enumerate(zip(finding.groups, finding.ways, finding.leave, strict=True)):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(_twins(dataset, (group,), by_class=True), width="content")
            for number, way in enumerate(ways):
                if pressed(plain_markdown(way.label), key=f"way {place} {number} {finding.kind} {key}"):
                    change(dataset, way.label, way.repair)
            stays = partial(leave, dataset, pair)
            action("Leave it", stays, key=f"leave {place} {finding.kind} {key}", type="tertiary")


def _twins(dataset: OwnDataset, groups: tuple[tuple[int, ...], ...], by_class: bool = False) -> str:
    """HTML: pictures side by side with those that they are like, under each the name of its file, or its class."""
    pictures = {each.id: each for group in groups for each in dataset.pictures(group)}
    class_names = {each.id: each.name for each in dataset.classes()}
    boxes = []
    for group in groups:
        tiles = []
        for image, shown in zip(group, thumbnails(dataset, group), strict=True):
            found = pictures.get(image)
            name = "" if found is None else class_names.get(found.class_id, "") if by_class else found.name
            title = f"{class_names.get(found.class_id, '')}, {SPLIT_WORDS[found.split]}" if found else ""
            tiles.append(f'<figure title="{escape(title)}">{shown}<figcaption>{escape(name)}</figcaption></figure>')
        boxes.append(f'<div class="twins" role="group" aria-label="Pictures that are alike">{"".join(tiles)}</div>')
    return f'<div class="gallery pairs">{"".join(boxes)}</div>'


@lru_cache(maxsize=100)
def _effects(file: str, image: int, ways: tuple[tuple[str, str], ...]) -> str:
    """HTML: one picture as it is, and what each way of making it square leaves of it."""
    try:
        dataset = OwnDataset(Path(file).parent)
        content = dataset.content(image)
        opened = read_image(content, "a picture").convert("RGB")
    except TrainDeskError:
        return ""
    [whole] = thumbnails(dataset, [image])
    cards = [f"<figure>{whole}<figcaption>as it is</figcaption></figure>"]
    for fit, words in ways:
        pixels = prepare_square(opened, channels=3, side=PREVIEW_SIDE, fit=fit).transpose(1, 2, 0)
        cards.append(f"<figure>{picture(pixels, words)}<figcaption>{escape(words)}</figcaption></figure>")
    return gallery(cards, "The same picture made square in each way", small=True)


def _draw_choice(dataset: OwnDataset, choice: Choice, key: str) -> None:
    chosen = st.segmented_control(
        "When you train",
        list(choice.labels),
        format_func=choice.labels.__getitem__,
        default=choice.chosen,
        key=f"choice {choice.key} {key}",
        required=True,
        label_visibility="collapsed",
    )
    if chosen != choice.chosen:
        dataset.set_about(**{choice.key: chosen})
        st.rerun()


def draw_doubts(dataset: OwnDataset) -> None:
    """Raises OwnDataError."""
    st.header("Labels that may be wrong")
    found = last_check(dataset)
    if found.state == "working":
        redrawn(lambda: last_check(dataset), lambda check: check.state == "working", _draw_progress, REFRESH_SECONDS)
        return
    if found.state == "failed":
        show_error(found.message)
    if found.state != "ready":
        st.caption(
            "Every picture is judged by what can be learned from the others. It takes seconds for hundreds of pictures."
        )
        _draw_start(dataset, "Look for wrong labels", primary=True)
        return
    doubts = open_doubts(dataset, found, left_alone(dataset))
    names = {each.id: each.name for each in dataset.classes()}
    part = "" if found.looked_at == found.pictures else f" {found.looked_at:,} of"
    said = f"Looked at{part} {count(found.pictures, 'picture')} of version {found.version}"
    if not doubts:
        st.markdown(
            f":green[:material/check_circle:] {said}: no label is in doubt" + (" any more." if found.doubts else ".")
        )
    else:
        st.markdown(f"{said}: {count(len(doubts), 'label')} may be wrong, the likeliest first.")
    for doubt in doubts[:SHOWN]:
        _draw_doubt(dataset, doubt, names)
    if len(doubts) > SHOWN:
        st.caption(f"{len(doubts) - SHOWN:,} more follow as these are settled.")
    _draw_start(dataset, "Look again", primary=False)


def _draw_doubt(dataset: OwnDataset, doubt: Doubt, names: dict[int, str]) -> None:
    labelled, said = (plain_markdown(names[each]) for each in (doubt.labelled, doubt.said))
    [shown] = thumbnails(dataset, [doubt.image])
    with st.container(horizontal=True, vertical_alignment="center", key=f"doubt {doubt.image}"):
        st.html(f'<div class="twins"><figure>{shown}</figure></div>', width="content")
        st.markdown(f"Labelled **{labelled}**, looks like **{said}** ({percent(doubt.likely)})", width="stretch")
        if pressed(f"It is {said}", key=f"doubt is {doubt.image}"):
            change(
                dataset, f"A picture moved to {names[doubt.said]}", lambda edit: edit.move([doubt.image], doubt.said)
            )
        action("Leave it", lambda: leave(dataset, leave_key(doubt)), key=f"doubt stays {doubt.image}")
        if pressed("Remove", key=f"doubt goes {doubt.image}", icon=":material/delete:"):
            change(dataset, "A doubted picture removed", lambda edit: edit.remove([doubt.image]))


def _draw_start(dataset: OwnDataset, words: str, primary: bool) -> None:
    kind = "primary" if primary else "secondary"
    action(words, lambda: start(dataset), key="look for wrong labels", icon=":material/search:", type=kind)


def _draw_progress(found: LabelCheck) -> None:
    text = found.phase + (f": {found.done:,} of {found.total:,}" if found.total else "")
    st.progress(found.done / found.total if found.total else 0.0, text=text + " ...")
    st.caption("It goes on when you leave this page.")
