"""Many finished runs laid over each other: how long until the first view is drawn, and how much is sent.

    python -m benchmarks.overlay [--runs 50] [--points 100000] [--rounds 3]

Writes finished runs with so many recorded steps each, opens the page that compares them in a real Chromium, and measures from
the click on the address to the drawn chart: at first without what the index keeps of long logs, then with it (as after any
visit of the runs page), on a dashboard started anew each time. Needs requirements-dev.txt and a Chromium.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from core.paths import data_folder
from core.recipes import find_recipe
from core.runs.index import Index
from core.runs.store import Run, create_run
from core.thinning import LIMIT

STEPS_PER_EPOCH = 1000
DRAWN = (
    "(count) => document.querySelector('.js-plotly-plot')?.data?.filter(trace => trace.x.length > 1).length >= count"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import launch_chromium

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs_folder = Path(folder, "runs")
        runs = [_finished(runs_folder, options.points, seed) for seed in range(options.runs)]
        print("| curves | log of each | index | first view, s (min / median / max) | points a curve | KiB sent |")
        print("| --- | --- | --- | --- | --- | --- |")
        chromium = launch_chromium(playwright)
        size = runs[0].event_log.stat().st_size / 1e6
        for what in ("none", "there"):
            found = []
            for _ in range(options.rounds if what == "there" else 1):
                shutil.rmtree(runs_folder / ".traindesk", ignore_errors=True)
                if what == "there":
                    Index(runs_folder).summaries()
                found.append(_open(chromium, runs_folder, runs))
            seconds, points, sent = zip(*found, strict=True)
            print(
                f"| {len(runs)} | {size:.0f} MB | {what} | {min(seconds):.2f} / **{statistics.median(seconds):.2f}** / "
                f"{max(seconds):.2f} | {max(points):,} | {statistics.median(sent) / 1024:,.0f} |"
            )
        chromium.close()


def _open(chromium, runs_folder: Path, runs: list[Run]) -> tuple[float, int, int]:
    """(seconds to the drawn chart, most points of a curve, bytes through the WebSocket)."""
    from tests.browser.conftest import serving

    with serving(runs_folder, data_folder()) as server:
        page = chromium.new_page()
        page.goto(f"{server.url}/glossary")  # the program itself and plotly.js are in the browser's cache already
        page.get_by_role("heading", level=1).wait_for()
        page.close()
        page = chromium.new_page()
        page.set_default_timeout(120_000)
        received: list[int] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda data: received.append(len(data))))
        begin = time.perf_counter()
        page.goto(f"{server.url}/compare?runs={','.join(run.id for run in runs)}&metric=train/loss")
        page.wait_for_function(DRAWN, arg=len(runs))
        seconds = time.perf_counter() - begin
        points = page.evaluate(
            "Math.max(...document.querySelector('.js-plotly-plot').data.map(trace => trace.x.length))"
        )
        page.close()
        assert points <= LIMIT
        return seconds, points, sum(received)


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
    run.event_log.write_text("\n".join(lines) + "\n")
    return run


if __name__ == "__main__":
    main()
