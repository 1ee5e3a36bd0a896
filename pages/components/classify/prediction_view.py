"""A prediction in words, as bars of every class, and the pixels it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np

from core.text.numbers import percent
from pages.components.shell.html_parts import picture

SURE, UNSURE = 0.8, 0.5
MOST_BARS = 12  # classes up to which each has its bar, in their own order; of more the likeliest ones are shown
SHOWN = 10
PRESENTED = 5  # likeliest classes, which presenter view shows alone and in their order (presenting.css)


@dataclass(frozen=True)
class Said:
    """A network's answer to a picture."""

    probabilities: np.ndarray  # (classes,) float32
    is_unknown: bool = False  # the picture is unlike anything that the network learned from

    @property
    def first(self) -> int:
        """The likeliest class."""
        return int(np.argmax(self.probabilities))


def words(said: Said, class_names: tuple[str, ...]) -> str:
    """HTML: what it is, and how sure the network is."""
    first, second = _two(said)
    name, share = escape(class_names[first]), float(said.probabilities[first])
    other = escape(class_names[second])
    long = " long" if len(class_names[first]) > 2 else ""
    if said.is_unknown:
        text = (
            "I don't know this: it is unlike anything I learned from, so the shares below mean little. "
            f"If I had to choose: <b>{name}</b>."
        )
        long = " unknown"
    elif share >= SURE:
        text = f"This is <b>{name}</b>, {percent(share)} sure."
    elif share >= UNSURE:
        text = f"Probably <b>{name}</b>, {percent(share)} sure. It could be {other}."
    else:
        text = f"Not sure: perhaps <b>{name}</b> ({percent(share)}) or {other} ({percent(float(said.probabilities[second]))})."
    return f'<p class="answer{long}" aria-live="polite">{text}</p>'


def words_in_a_line(said: Said, class_names: tuple[str, ...], who: str = "") -> str:
    """HTML for a narrow window: the answer and, on the same line, the two next, or who says it where others say something too."""
    order = np.argsort(-said.probabilities, kind="stable")[:3]
    first, *others = (f"{escape(class_names[place])} {percent(float(said.probabilities[place]))}" for place in order)
    if said.is_unknown:
        perhaps = f"Perhaps <b>{escape(class_names[order[0]])}</b>."
        text = f"I don't know this. <small>{escape(who) or perhaps}</small>"
    else:
        name = escape(class_names[order[0]])
        share = percent(float(said.probabilities[order[0]]))
        beside = [escape(who)] if who else others
        text = f"<b>{name}</b> {share} <small>{' '.join(f'<span>{each}</span>' for each in beside)}</small>"
    return f'<p class="line" aria-live="polite">{text}</p>'


def bars(said: Said | None, class_names: tuple[str, ...]) -> str:
    """HTML list: every class in its own order with its share, the likeliest stands out; of more than MOST_BARS the likeliest
    SHOWN. Without an answer: the same places, empty."""
    count = len(class_names)
    shares = np.zeros(count) if said is None else said.probabilities
    places = range(count) if count <= MOST_BARS else np.argsort(-shares, kind="stable")[:SHOWN]
    kinds = "".join(
        (
            " named" if max(map(len, class_names)) > 2 else "",
            " unknown" if said is not None and said.is_unknown else "",
            " waiting" if said is None else "",
        )
    )
    ranks = np.argsort(np.argsort(-shares, kind="stable"))
    rows = "".join(
        f'<li{_kind(said, place, int(ranks[place]))} style="--rank:{ranks[place]}">'
        f'<span class="name">{escape(class_names[place])}</span>'
        f'<span class="track" aria-hidden="true"><span class="fill" style="width:{shares[place] * 100:.1f}%"></span></span>'
        f'<span class="share">{percent(float(shares[place])) if said is not None else ""}</span></li>'
        for place in places
    )
    more = f'<li class="more">and {count - SHOWN} more</li>' if count > MOST_BARS else ""
    label = 'aria-hidden="true"' if said is None else 'aria-label="Probability of every class"'
    return f'<ul class="bars{kinds}" {label}>{rows}{more}</ul>'


def _kind(said: Said | None, place: int, rank: int) -> str:
    kinds = ("winner" if said is not None and place == said.first else "", "rest" if rank >= PRESENTED else "")
    return f' class="{" ".join(filter(None, kinds))}"' if any(kinds) else ""


def _two(said: Said) -> tuple[int, int]:
    """The likeliest class and the next one."""
    order = np.argsort(-said.probabilities, kind="stable")
    return int(order[0]), int(order[min(1, len(order) - 1)])


def pixels_figure(pixels: np.ndarray) -> str:
    """HTML: the exact pixels that the network receives, enlarged. pixels: (C, H, W) uint8."""
    height, width = pixels.shape[1:]
    caption = f"What the network sees, {width} x {height}"
    return (
        f'<figure class="sees">{picture(pixels.transpose(1, 2, 0), caption)}<figcaption>{caption}</figcaption></figure>'
    )
