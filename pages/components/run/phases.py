"""What a run is doing, in words and numbers, and in one line of HTML: status, how far it is, and its figures or a sentence.

The line is as high as it is whatever it says (style.css), so that what stands below keeps its place."""

from __future__ import annotations

from html import escape

from core.analysis.run_words import device_in_words, precision_in_words
from core.analysis.scores import interval, right_of
from core.nodes.registry import is_removed
from core.runs.disk import disk_problem
from core.runs.events import Event
from core.runs.history import History
from core.runs.placement import placement_of
from core.runs.queue import read_queued_run
from core.runs.store import Run, Status
from core.text.numbers import UNKNOWN, bytes_in_words, decimal, percent
from core.workers.places import obstacle
from pages.components.shell.histories import expected
from pages.components.shell.number_words import (
    about,
    count,
    duration,
)

MEANINGS = {
    "starting": "The training process is loading.",
    "running": "Training.",
    "finished": "All epochs are done.",
    "stopped": "Stopped on request.",
}
WITH_BAR = ("starting", "running", "paused", "finished", "stopped")  # of the others the sentence needs the room


def meaning(run: Run, status: Status, history: History) -> str:
    """The sentence beside the status."""
    if status.name == "queued":
        return waiting_words(run)
    if status.is_active and run.stop_request.exists():
        kept = "The best and the last state are kept." if run.best.is_file() else "What it has learned so far is kept."
        return f"Stopping after the current step. {kept}" if history.started else "Stopping before the first step."
    if status.is_active and run.pause_request.exists():
        return "Pausing after the current step. Resume will go on from there."
    if status.name == "interrupted" and (placement := placement_of(run.folder)).is_elsewhere:
        if is_removed(run.folder.parent, placement.computer):
            return f"{status.reason} That computer was taken out; resume the run here or elsewhere."
        return f"{status.reason} Wait until {placement.computer} is back, or resume the run here or elsewhere."
    if status.name == "interrupted":
        where = (
            "goes on from the last checkpoint"
            if run.last.is_file()
            else "starts it anew, as there is no checkpoint yet"
        )
        return f"{status.reason} {'Resume' if history.started else 'Try again'} {where}."
    if status.name == "starting" and is_downloading(history):
        return f"Fetching {_what(history.download or {})} first; this is needed only once."
    if is_resuming(status, history):
        return "Going on where it was."
    if status.name == "starting" and is_preparing(history):
        return "Every picture passes the frozen layers once; after that the epochs are short."
    return status.reason or MEANINGS.get(status.name, "")


def waiting_words(run: Run) -> str:
    """Its place in the queue and when its turn is expected."""
    waits = expected(run.folder.parent)
    ids = [wait.run.id for wait in waits]
    if run.id not in ids:
        return "Its turn has come."
    place = ids.index(run.id)
    before = "It is the next one" if place == 0 else f"{count(place, 'run')} before it"
    if disk_problem(run.folder.parent):
        return f"Waiting: nothing is started while the disk is full. {before}."
    if blocked := waits_for(run):
        return f"Waiting for{blocked.removeprefix(', waits for')}; ask for another computer, or wait until that has changed."
    seconds = waits[place].seconds
    when = f"in about {about(seconds)}" if seconds is not None else "when there is room"
    return f"Waiting for its turn. {before}; it begins {when}, also if you close this page."


def waits_for(run: Run) -> str:
    """Which computer a run of the queue waits for, and why that takes longer than its turn, to be put behind other words."""
    computer = entry.computer if (entry := read_queued_run(run)) else ""
    if not computer:
        return ""
    why = obstacle(run.folder.parent, computer)
    return f", waits for {computer}, which {why}" if why else ""


def progress_words(status: Status, history: History) -> tuple[float, str]:
    """Share done (0..1) and the line beside the bar, whatever the run is doing."""
    if is_downloading(history):
        download = history.download or {}
        done, total = download.get("done_bytes", 0), download.get("total_bytes", 0)
        return _share(done, total), f"Downloading {_what(download)}: {bytes_in_words(done)} of {bytes_in_words(total)}"
    share = history.progress()
    if is_resuming(status, history):
        return share, status.reason or "Loading what was learned so far and the pictures; this takes a few seconds."
    if is_preparing(history):
        preparing = history.preparing or {}
        done, images = preparing.get("done", 0), preparing.get("images", 0)
        words = f"Looking once at every picture through the frozen layers: {done:,} of {images:,}"
        return _share(done, images), words
    if is_over(history):
        return 1.0, "All epochs are done. Measuring the best network on the test pictures."
    if history.started:
        return share, f"{percent(share, 0)} of the training done"
    return 0.0, status.reason or "Starting: loading the training program and the pictures takes a few seconds."


def what_curves_wait_for(status: Status, history: History) -> str:
    """What stands in a chart before its first point, which comes with the first step."""
    if status.name == "queued":
        return "The curves begin when its turn comes."
    if not status.is_active:
        return "no points yet"
    if is_downloading(history) or is_preparing(history):
        return progress_words(status, history)[1].replace(": ", ":<br>")
    return "The curves begin with the first step."


def progress_facts(history: History, now: float) -> list[tuple[str, str, str]]:
    """Always the same seven, so that the page does not jump when numbers arrive. now: Unix seconds by the log's clock."""
    started, step = history.started, history.last_step
    rate = (step or {}).get("learning_rate")
    throughput = history.images_per_second()
    return [
        epoch_fact(history),
        ("Images per second", f"{throughput:,.0f}" if throughput else UNKNOWN, ""),
        ("Learning rate", decimal(rate) if rate else UNKNOWN, "in the last step" if rate else ""),
        ("Time so far", duration(history.elapsed(now)), ""),
        ("Time left", duration(history.seconds_left()), ""),
        ("Computes on", device_in_words(started or {}) or UNKNOWN, precision_in_words(started or {})),
        memory_fact(history),
    ]


def epoch_fact(history: History) -> tuple[str, str, str]:
    """How far it is."""
    started, step = history.started, history.last_step
    if not started or not step:
        return "Epoch", UNKNOWN, ""
    return (
        "Epoch",
        f"{step['epoch']:,} of {started['epochs']:,}",
        f"step {step['step']:,} of {started['total_steps']:,}",
    )


def memory_fact(history: History) -> tuple[str, str, str]:
    """The most memory in use so far, which the last epoch reports."""
    used = next((epoch.get("memory_bytes") for epoch in reversed(history.epochs) if epoch.get("memory_bytes")), None)
    on_gpu = str((history.started or {}).get("device", "")).startswith("cuda")
    return (
        "Memory",
        bytes_in_words(used) if used else UNKNOWN,
        ("of the GPU" if on_gpu else "of the process") if used else "",
    )


def is_resuming(status: Status, history: History) -> bool:
    """Whether a process is on its way, or loads what it needs, to go on with what was learned."""
    if status.name != "starting" or history.started is None:
        return False
    session, step = history.session, history.last_step
    is_over = history.end is not None or (step is not None and session is not None and step["time"] >= session["time"])
    return session is None or (is_over and not is_preparing(history))


def is_over(history: History) -> bool:
    """Whether all epochs are done and only the test is left."""
    return bool(history.started and history.epochs and history.epochs[-1]["epoch"] >= history.started["epochs"])


def is_downloading(history: History) -> bool:
    """Whether a download is the last thing heard of."""
    download = history.download
    later = (history.preparing, history.started, history.session, history.last_step, history.end)
    return download is not None and not any(other and other["time"] >= download["time"] for other in later)


def is_preparing(history: History) -> bool:
    """Whether features of frozen layers are being made: no step has come since."""
    preparing = history.preparing
    later = (history.session, history.last_step, history.end)  # the session may begin in the same millisecond
    return preparing is not None and not any(other and other["time"] > preparing["time"] for other in later)


def _what(download: Event) -> str:
    return {"the dataset": "the pictures"}.get(name := str(download.get("what", "the dataset")), name)


def _share(done: int, total: int) -> float:
    return min(1.0, done / total) if total else 0.0


def announcement(run: Run, status: Status, history: History) -> str:
    """What is said aloud when a run comes to rest; "" while it is on its way."""
    if status.will_change:
        return ""
    measured = right_of(history.test or {}) if status.name == "finished" else None
    if measured:
        share = percent(measured[0] / measured[1])
        return f"Training finished. {share} of {count(measured[1], 'test picture')} are right."
    return f"Training {status.name}. {meaning(run, status, history)}"


def status_line(run: Run, status: Status, history: History, waits: bool = False) -> str:
    """HTML; `waits`: for someone to ask for the next step. While others read the history on, its lock is to be held."""
    share, words = progress_words(status, history)
    if status.name == "finished":
        share = 1.0
    is_asked = run.stop_request.exists() or run.pause_request.exists()
    if is_downloading(history) or is_preparing(history) or is_resuming(status, history):
        said = _sentence(f"{meaning(run, status, history)} {words}")
    elif status.is_active and not is_asked and (history.last_step is None or is_over(history)):
        said = _sentence(words)
    elif status.name == "running" and not is_asked:
        said = _running(history, waits)
    elif status.name == "finished" and history.test:
        said = _finished(history)
    else:
        said = _sentence(meaning(run, status, history))
    bar = _bar(share) if is_downloading(history) or (history.started and status.name in WITH_BAR) else ""
    name = "worthless" if status.name == "finished" and learned_nothing(history) else status.name
    return f'<div class="status {name}"><b>{escape(status.name)}</b>{bar}{said}</div>'


def learned_nothing(history: History) -> bool:
    """Whether the tested network is no better than whoever names the commonest class always."""
    test = history.test or {}
    matrix, measured = test.get("confusion_matrix"), right_of(test)
    if not matrix or not measured:
        return False
    return interval(*measured)[0] <= max(map(sum, matrix)) / measured[1]


def latest_validation(history: History) -> float | None:
    """The newest validation accuracy, 0..1, at the end of an epoch or within one."""
    ends = [
        (epoch["step"], epoch["val/accuracy"]) for epoch in history.epochs[-1:] if epoch.get("val/accuracy") is not None
    ]
    for of_all in (True, False):
        steps, _, values = history.within_epochs("val/accuracy", of_all)
        ends += list(zip(steps[-1:], values[-1:], strict=True))
    return float(max(ends)[1]) if ends else None


def _running(history: History, waits: bool) -> str:
    started, step, accuracy = history.started or {}, history.last_step, latest_validation(history)
    left, throughput = history.seconds_left(), history.images_per_second()
    figures = [
        f"epoch <b>{step['epoch']:,}</b> of {started['epochs']:,}" if step else "the first step",
        f"step <b>{step['step']:,}</b> of {started['total_steps']:,}, waiting" if step and waits else "",
        f"<b>{duration(left)}</b> left" if left is not None else "",
        f"<b>{percent(accuracy)}</b> validation" if accuracy is not None else "",
        f"<b>{throughput:,.0f}</b> pictures/s" if throughput else "",
    ]
    return _figures(figures)


def _finished(history: History) -> str:
    test, best = history.test or {}, history.best_epoch()
    figures = [
        _tested(history, test),
        f"best epoch <b>{best['epoch']:,}</b>" if best else "",
        f"<b>{duration(history.elapsed())}</b>",
    ]
    return _figures(figures)


def _tested(history: History, test: Event) -> str:
    measured = right_of(test)
    if not measured:
        return "the test says nothing"
    low, high = interval(*measured)
    sure = "right, no better than guessing" if learned_nothing(history) else f"({percent(low)} to {percent(high)})"
    return f"<b>{percent(measured[0] / measured[1])}</b> of {count(measured[1], 'test picture')} {sure}"


def _bar(share: float) -> str:
    done = f"{share * 100:.0f}"
    return (
        f'<span class="track" role="progressbar" aria-label="Training done" aria-valuenow="{done}" aria-valuemin="0" '
        f'aria-valuemax="100"><span class="fill" style="width:{done}%"></span></span><span>{percent(share, 0)}</span>'
    )


def _figures(figures: list[str]) -> str:
    return "".join(f'<span class="figure">{figure}</span>' for figure in figures if figure)


def _sentence(words: str) -> str:
    return f'<span class="sentence">{escape(words)}</span>'
