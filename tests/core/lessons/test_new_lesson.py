"""The promise of one file: a lesson is added by adding its file, and nothing else is edited."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

# the very code that CONTRIBUTING.md shows
*_, NEW_FILE = re.findall(
    r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.DOTALL
)

LISTED_CHECKED_AND_PRINTED = """
import sys
from pathlib import Path

from core.lessons import lessons
from core.lessons.progress import begin, progress_of, seen_by
from core.lessons.sheet import pupil_sheet, teacher_sheet
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.metadata import own
from core.runs.store import create_run
from core.runs.summary import summarise

*_, lesson = lessons()
assert lesson.title == "Two epochs" and "Two epochs" in pupil_sheet(lesson) and "steep" in teacher_sheet(lesson)
runs, data = Path(sys.argv[1]), Path(sys.argv[1]).parent
begin(runs, "anna", lesson.name)


def done():
    found = [summarise(run, History(run).update(), run.status().name, "") for run in made]
    attempt = progress_of(runs, "anna").lessons[lesson.name]
    return [each.done for each in lesson.verdicts(seen_by(attempt, found, runs, data, "anna"))]


made = []
assert done() == [False]
[config] = lesson.steps[0].acts[0].configs(None)
made.append(create_run(config, runs))
own(made[0], "anna")
log = EventWriter(made[0].event_log)
log.write("test", **{"test/loss": 0.1, "test/accuracy": 0.99}, images=100, from_epoch=2)
log.write("finished", message="Done.")
assert done() == [True]
"""


def test_a_new_lesson_is_one_file(tmp_path):
    shutil.copytree(ROOT / "core", tmp_path / "core", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "core" / "lessons" / "two_epochs.py").write_text(NEW_FILE, encoding="utf-8")
    (tmp_path / "runs").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", LISTED_CHECKED_AND_PRINTED, str(tmp_path / "runs")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
