"""Many finished runs laid over each other: how long until they are drawn, and how much is sent.

    python -m benchmarks.overlay [--runs 50] [--points 20000] [--rounds 3]

Writes finished runs with so many recorded steps each (a log gets 20,000 at most) and compares them in a real Chromium, on
a dashboard started anew for each round: first within an open dashboard that shows two of them, from the change of address to the
drawn curves; then, when their logs are read, by a link in a new tab, from nothing to the drawn curves. Needs requirements-dev.txt
and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from core.paths import data_folder
from core.recipes import find_recipe
from core.runs.store import Run, create_run
from core.runs.thinning import LIMIT

STEPS_PER_EPOCH = 1000
DRAWN = """(count) => document.querySelector('.js-plotly-plot')?.data?.length === count + 1
    && document.querySelectorAll('.js-plotly-plot .scatterlayer .trace').length >= count"""
POINTS = "Math.max(...document.querySelector('.js-plotly-plot').data.map(trace => trace.x.length))"
GO = "(url) => { history.pushState({}, '', url); window.dispatchEvent(new PopStateEvent('popstate')); }"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import launch_chromium

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs_folder = Path(folder, "runs")
        runs = [_finished(runs_folder, options.points, seed) for seed in range(options.runs)]
        print("| curves | log of each | within the dashboard, s | by a link, s | points a curve | KiB sent |")
        print("| --- | --- | --- | --- | --- | --- |")
        chromium = launch_chromium(playwright)
        size = runs[0].event_log.stat().st_size / 1e6
        found = [_open(chromium, runs_folder, runs) for _ in range(options.rounds)]
        inside, by_link, points, sent = zip(*found, strict=True)
        print(
            f"| {len(runs)} | {size:.1f} MB | {_spread(inside)} | {_spread(by_link)} | {max(points):,} | "
            f"{statistics.median(sent) / 1024:,.0f} |"
        )
        chromium.close()


def _spread(seconds: tuple[float, ...]) -> str:
    return f"{min(seconds):.2f} / **{statistics.median(seconds):.2f}** / {max(seconds):.2f}"


def _open(chromium, runs_folder: Path, runs: list[Run]) -> tuple[float, float, int, int]:
    """(seconds within the dashboard, seconds by a link, most points of a curve, bytes through the WebSocket)."""
    with _dashboard(chromium, runs_folder) as window:
        window.open(runs[:2])
        window.page.wait_for_load_state("networkidle")
        window.received.clear()
        inside, sent = window.open(runs, within=True), sum(window.received)
        points = window.page.evaluate(POINTS)
        assert points <= LIMIT
        return inside, window.open(runs), points, sent


class _Window:
    """A browser tab on a dashboard, which takes note of how much it is sent."""

    def __init__(self, page, url: str):
        self.page, self.url = page, url
        self.received: list[int] = []
        page.set_default_timeout(120_000)
        page.on("websocket", lambda socket: socket.on("framereceived", lambda data: self.received.append(len(data))))

    def open(self, runs: list[Run], within: bool = False) -> float:
        """Seconds until their curves are drawn; `within` the page that is open, else by a link."""
        begin = time.perf_counter()
        if within:
            self.page.evaluate(GO, _address(runs))
        else:
            self.page.goto(f"{self.url}{_address(runs)}")
        self.page.wait_for_function(DRAWN, arg=len(runs))
        return time.perf_counter() - begin


@contextmanager
def _dashboard(chromium, runs_folder: Path) -> Iterator[_Window]:
    """A dashboard started anew, and a tab on it."""
    from tests.browser.conftest import serving

    with serving(runs_folder, data_folder()) as server:
        page = chromium.new_page()
        yield _Window(page, server.url)
        page.close()


def _address(runs: list[Run]) -> str:
    return f"/compare?runs={','.join(run.id for run in runs)}&metric=train/loss"


def _finished(runs_folder: Path, points: int, seed: int) -> Run:
    """A run of the digits recipe with so many recorded steps, as a worker would have left it."""
    data = find_recipe("digits").config().to_dict()
    data["optimizer"] = {**data["optimizer"], "learning_rate": 0.001 * (seed + 1)}
    config = type(find_recipe("digits").config()).from_dict({**data, "title": f"Run {seed + 1}"})
    run = create_run(config, runs_folder)
    random = np.random.default_rng(seed)
    losses = 2.3 * np.exp(-np.arange(points) / (points / 5)) + 0.05 * random.random(points)
    start = 1_750_000_000.0
    epochs = points // STEPS_PER_EPOCH
    names = list(config.dataset.info().class_names)
    first = {
        "event": "started",
        "time": start,
        "device": "cpu",
        "steps_per_epoch": STEPS_PER_EPOCH,
        "total_steps": points,
    }
    first |= {"epochs": epochs, "train_images": 1000, "val_images": 100, "test_images": 100, "class_names": names}
    lines = [json.dumps(first)]
    for step, loss in enumerate(losses.tolist(), start=1):
        time_then = start + step / 100
        lines.append(
            f'{{"event":"step","time":{time_then:.3f},"epoch":{(step - 1) // STEPS_PER_EPOCH + 1},"step":{step},'
            f'"train/loss":{loss:.6f},"images_per_second":3200.0,"learning_rate":0.001}}'
        )
        if step % STEPS_PER_EPOCH == 0:
            epoch = {"event": "epoch", "time": time_then, "epoch": step // STEPS_PER_EPOCH, "step": step, "best": True}
            epoch |= {"train/loss": loss, "val/loss": loss, "train/accuracy": 0.9, "val/accuracy": 0.9, "seconds": 10.0}
            lines.append(json.dumps(epoch))
    lines.append(json.dumps({"event": "finished", "time": start + points / 100 + 1, "message": "Done."}))
    run.event_log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run.best.touch()  # a run that lacks its checkpoint is looked at anew each time
    return run


if __name__ == "__main__":
    main()
