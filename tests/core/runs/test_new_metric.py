"""The promise of one row: a metric is added to the table, and nothing else is edited."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core.runs.metrics import METRICS, OF_SPLITS, OF_STEPS

ROOT = Path(__file__).resolve().parents[3]

# the very code that CONTRIBUTING.md shows
_, NEW_ROW, *_ = re.findall(
    r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.DOTALL
)

TRAINED_AND_SHOWN = """
import sys
from pathlib import Path

from core.export.metrics import metrics_table
from core.glossary import meaning_of
from core.paths import data_folder
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.metrics import ACCURACY
from core.runs.store import create_run
from core.workers.worker import work
from pages.components.charts.curves import Axis, chart_curves, metric_curve
from pages.components.compare.compare_view import METRICS

config = {"dataset": "digits", "architecture": "mlp", "training": {"epochs": 2, "validate_every": "10", "device": "cpu"}}
run = create_run(RunConfig.from_dict(config), Path(sys.argv[1]))
assert work(run, data_folder())["event"] == "finished"
history = History(run).update()
values = [epoch["val/worst_class"] for epoch in history.epochs]
assert all(0 <= value < epoch["val/accuracy"] for value, epoch in zip(values, history.epochs)), "recorded for each epoch"
steps, _, within = history.within_epochs("val/worst_class")
assert steps.tolist() == [10, 30] and (within >= 0).all(), "and within them"
table = metrics_table(history)
assert table["val/worst_class"].notna().sum() == len(values) + len(within), "exported"
curves = {curve.name: curve for curve in chart_curves(history, ACCURACY)}
assert list(curves) == ["training", "validation", "worst class"] and len(curves["worst class"].y) == len(values) + len(within)
assert METRICS["val/worst_class"] == "worst class" and len(metric_curve(history, "val/worst_class", "", Axis(), 0).x)
assert "reads worst" in meaning_of("worst class")
"""


@pytest.fixture
def copy(tmp_path):
    for name in ("core", "pages"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "core" / "runs" / "metrics.py"
    before, begin, rows = table.read_text(encoding="utf-8").partition("METRICS = (\n")
    table.write_text(
        f"{before}{begin}{rows}".replace("\n)  # fmt: skip\nBY_NAME", f"\n{NEW_ROW.rstrip()},\n)\nBY_NAME"),
        encoding="utf-8",
    )
    return tmp_path


def test_a_row_is_recorded_drawn_exported_compared_and_explained(copy):
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    command = [sys.executable, "-c", TRAINED_AND_SHOWN, str(copy / "runs")]
    result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]


def test_every_row_says_what_a_page_needs():
    for metric in METRICS:
        assert metric.meaning.endswith(".") and metric.title == metric.title.lower()
        assert bool(metric.chart) == bool(metric.line) == (metric.name in (*OF_STEPS, *OF_SPLITS)), metric.name
        assert metric.better or metric.name == "learning_rate"
