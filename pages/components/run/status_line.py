"""What a run does, in one line of HTML: status, how far it is, and its figures or a sentence.

The line is as high as it is whatever it says (style.css), so that what stands below keeps its place.
"""

from __future__ import annotations

from html import escape

from core.analysis.scores import interval
from core.runs.history import History
from core.runs.store import Run, Status
from core.text.numbers import percent
from pages.components.run.phases import is_downloading, is_over, is_preparing, is_resuming, meaning, progress_words
from pages.components.shell.number_words import count, duration

WITH_BAR = ("starting", "running", "paused", "finished", "stopped")  # of the others the sentence needs the room


def status_line(run: Run, status: Status, history: History) -> str:
    """HTML. While others read the history on, its lock is to be held."""
    share, words = progress_words(status, history)
    if status.name == "finished":
        share = 1.0
    is_asked = run.stop_request.exists() or run.pause_request.exists()
    if is_downloading(history) or is_preparing(history) or is_resuming(status, history):
        said = _sentence(f"{meaning(run, status, history)} {words}")
    elif status.is_active and not is_asked and (history.last_step is None or is_over(history)):
        said = _sentence(words)
    elif status.name == "running" and not is_asked:
        said = _running(history)
    elif status.name == "finished" and history.test:
        said = _finished(history)
    else:
        said = _sentence(meaning(run, status, history))
    bar = _bar(share) if is_downloading(history) or (history.started and status.name in WITH_BAR) else ""
    name = "worthless" if status.name == "finished" and learned_nothing(history) else status.name
    return f'<div class="status {name}"><b>{escape(status.name)}</b>{bar}{said}</div>'


def learned_nothing(history: History) -> bool:
    """Whether the tested network is no better than whoever names the commonest class always."""
    matrix = (history.test or {}).get("confusion_matrix") or []
    images = sum(map(sum, matrix))
    if not images:
        return False
    right = sum(row[place] for place, row in enumerate(matrix))
    return interval(right, images)[0] <= max(map(sum, matrix)) / images


def latest_validation(history: History) -> float | None:
    """The newest validation accuracy, 0..1, at the end of an epoch or within one."""
    ends = [
        (epoch["step"], epoch["val/accuracy"]) for epoch in history.epochs[-1:] if epoch.get("val/accuracy") is not None
    ]
    for of_all in (True, False):
        steps, _, values = history.within_epochs("val/accuracy", of_all)
        ends += list(zip(steps[-1:], values[-1:], strict=True))
    return float(max(ends)[1]) if ends else None


def _running(history: History) -> str:
    started, step, accuracy = history.started or {}, history.last_step, latest_validation(history)
    left, throughput = history.seconds_left(), history.images_per_second()
    figures = [
        f"epoch <b>{step['epoch']:,}</b> of {started['epochs']:,}" if step else "the first step",
        f"<b>{duration(left)}</b> left" if left is not None else "",
        f"<b>{percent(accuracy)}</b> validation" if accuracy is not None else "",
        f"<b>{throughput:,.0f}</b> pictures/s" if throughput else "",
    ]
    return _figures(figures)


def _finished(history: History) -> str:
    test, best = history.test or {}, history.best_epoch()
    images = test.get("images", 0)
    low, high = interval(round((test.get("test/accuracy") or 0) * images), images)
    sure = "right, no better than guessing" if learned_nothing(history) else f"({percent(low)} to {percent(high)})"
    figures = [
        f"<b>{percent(test.get('test/accuracy'))}</b> of {count(images, 'test picture')} {sure}",
        f"best epoch <b>{best['epoch']:,}</b>" if best else "",
        f"<b>{duration(history.elapsed())}</b>",
    ]
    return _figures(figures)


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
