"""The report card of a run: one HTML page without any request, to read, to print, to hand in.

It says what stands on the run's page, in the same words and figures: what was trained on what, its curves, its scores, what it
takes for what, and its worst mistakes with their pictures. What is not there yet it says.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from core.analysis.coach import advise, curves_of
from core.analysis.run_words import (
    average_of,
    best_epoch_fact,
    device_in_words,
    precision_in_words,
    report_of,
    right_of_all,
)
from core.errors import TrainDeskError
from core.export.report.curves import accuracy_chart, loss_chart
from core.export.report.parts import data_and_network, settings_table, strong
from core.export.report.results import compared, mistakes, on_test_pictures
from core.export.saved.run_parts import Places
from core.export.saved.version import program_version
from core.export.telling import Tell
from core.files import remedy, write_atomically
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metadata import read_metadata, title_of
from core.runs.store import Run, Status
from core.text.numbers import count, decimal, duration, percent
from core.text.printed import printed_page

HERE = Path(__file__).parent
STATES = {  # of a run that has not trained all that was planned
    "queued": "This training waits for its turn: there is nothing to report yet.",
    "starting": "This training is about to begin.",
    "running": "This training was still running when the report was made.",
    "paused": "This training was paused.",
    "stopped": "This training was stopped.",
    "failed": "This training was ended by an error.",
    "interrupted": "This training was interrupted.",
}


def write_report(run: Run, place: Path, which: str, data_folder: Path, tell: Tell) -> dict[str, Any]:
    """Writes the page at the place, whole or not at all. It is about the run, so `which` of its checkpoints is not asked.

    Returns {"run", "status", "mistakes": how many pictures are shown, "sentence"}. Raises TrainDeskError.
    """
    config, status = run.config(), run.status()
    tell(0.1, "Reading the curves")
    history = History(run).update()
    places = Places.here(run.folder, run.folder.parent, data_folder)
    names = [str(name) for name in (history.started or {}).get("class_names", ())]
    tell(0.3, "Looking at the pictures")
    results, shown = on_test_pictures(run, history, names), mistakes(run, config, names, data_folder)
    tell(0.7, "Comparing")
    sections = [
        ("What was trained on what", data_and_network(run, config, history, data_folder)),
        ("How it learned", _curves(history)),
        ("What TrainDesk says of it", _told(history, config, status, places)),
        ("What it gets right and wrong", results),
        ("Its worst mistakes", shown.html),
        ("Beside the other runs of its experiment", compared(run, config)),
        ("Settings", settings_table(config)),
    ]
    tell(0.9, "Writing the page")
    page = _page(
        run, config, _state(history, status, places), _figures(history) + "".join(_section(*each) for each in sections)
    )
    try:
        write_atomically(place, page.encode())
    except OSError as error:
        raise TrainDeskError(f"{place} could not be written ({error.strerror}); {remedy(error)}.") from error
    tell(1.0, "Written")
    return {"run": run.id, "status": status.name, "mistakes": shown.number}


def _page(run: Run, config: RunConfig, state: str, body: str) -> str:
    metadata = read_metadata(run)
    title, what = title_of(run, config, metadata), f"{config.architecture.label} on {config.dataset.title()}"
    footer = (
        f"Made by TrainDesk {program_version()} from run {run.id}. This page is one file: it asks for nothing and runs no "
        "program."
    )
    return printed_page(
        HERE,
        "report",
        f"{escape(title)}: report card",
        title=escape(title),
        what=escape(what if title != what else ""),
        state=state,
        body=(f'<p class="note" dir="auto">{escape(metadata.note)}</p>' if metadata.note else "") + body,
        footer=escape(footer),
    )


def _section(title: str, inside: str) -> str:
    """A title and HTML below it; nothing where there is none."""
    return f"<section><h2>{title}</h2>{inside}</section>" if inside else ""


def _state(history: History, status: Status, places: Places) -> str:
    """What must be known before the figures are read; "" of a run that did all that was planned."""
    said = []
    if status.name in STATES:
        done, planned = len(history.epochs), (history.started or {}).get("epochs", 0)
        said.append(STATES[status.name])
        if planned and history.last_step:
            said.append(f"It had done {done:,} of {count(planned, 'epoch')}.")
        if status.name == "failed" and status.reason:
            said.append(places.left_out(status.reason))
    if history.started and not history.test:
        said.append("It has not been tested: that is done once, at the end.")
    elif (epoch := history.outdated_test()) and (best := history.best_epoch()):
        said.append(
            f"Its test scores are those of the network of epoch {epoch:,}; that of epoch {best['epoch']:,}, the best now, is "
            "tested at the end."
        )
    return f'<p class="state">{escape(" ".join(said))}</p>' if said else ""


def _figures(history: History) -> str:
    """The figures of the run's page, the most important one large."""
    best, test = history.best_epoch(), history.test
    facts: list[tuple[str, str, str]] = []
    if test:
        test = report_of(test, (history.started or {}).get("class_names", []))
        facts.append(("Test accuracy", percent(test.get("test/accuracy")), right_of_all(test)))
        facts += [
            (title, percent(test.get(f"test/{title.lower()}")), average_of(test))
            for title in ("Precision", "Recall", "F1")
        ]
    if best:
        facts.append(best_epoch_fact(best, history))
    if history.started and history.last_step:
        where = ", ".join(filter(None, (f"on {device_in_words(history.started)}", precision_in_words(history.started))))
        facts.append(("Training time", duration(history.elapsed()), where))
    rows = (
        f"<div{' class=main' if not place and 'accuracy' in title else ''}><dt>{title}</dt>"
        f"<dd>{escape(value)}{f'<small>{escape(more)}</small>' if more else ''}</dd></div>"
        for place, (title, value, more) in enumerate(facts)
    )
    return f'<dl class="facts">{"".join(rows)}</dl>' if facts else ""


def _curves(history: History) -> str:
    charts = loss_chart(history), accuracy_chart(history)
    if not any(charts):
        return ""
    return (
        f'<div class="two">{"".join(charts)}</div><p class="quiet">It learns from the training pictures; the validation pictures '
        "were held out from that and say which epoch was the best.</p>"
    )


def _told(history: History, config: RunConfig, status: Status, places: Places) -> str:
    """The coach's sentence with its evidence, what was noticed on the way and what people changed."""
    found = []
    advice = advise(curves_of(history, config)) if status.name not in ("queued", "starting") else None
    if advice:
        evidence = f"{advice.evidence[:1].upper()}{advice.evidence[1:]}."
        remedy_words = f" To do about it: {advice.remedy[:1].lower()}{advice.remedy[1:]}." if advice.remedy else ""
        found.append(f"<p>{strong(advice.sentence)}</p><p>{escape(evidence + remedy_words)}</p>")
    for notice in dict.fromkeys(str(each.get("message", "")) for each in history.notices):
        found.append(f"<p>{escape(places.left_out(notice))}</p>")
    for change in history.learning_rates:
        if rate := change.get("learning_rate"):
            found.append(f"<p>At step {change['step']:,} someone set the learning rate to {escape(decimal(rate))}.</p>")
    return f'<div class="told">{"".join(found)}</div>' if found else ""
