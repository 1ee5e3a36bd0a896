"""The process of one import.

python -m core.own_data.work IMPORT_FOLDER
"""

from __future__ import annotations

import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from core.own_data.bring import Cancelled, bring
from core.own_data.jobs import Job, Progress
from core.own_data.store import OwnDataError

OFTEN = 0.2  # seconds between two words on how far it is


def work(job: Job) -> Progress:
    """Brings the pictures in; leaves a dataset that is ready to be accepted, or why it failed. Nothing remains of one that
    was cancelled."""
    request = job.request()
    began, phase, told = time.time(), "", 0.0

    def progress(what: str, done: int, total: int) -> None:
        nonlocal began, phase, told
        now = time.time()
        if job.cancel_file.exists() or not job.folder.exists():
            raise Cancelled
        if what != phase:
            began, phase, told = now, what, 0.0
        if now - told > OFTEN or done == total:
            told = now
            job.write("progress.json", asdict(Progress("working", what, done, total, began)))

    try:
        dataset, report = bring(Path(request.path), job.dataset.folder, request.title, progress, request.class_name)
        dataset.set_about(**request.about, owner=job.owner)
        job.write("report.json", asdict(report))
        end = Progress("ready", done=report.pictures, total=report.pictures)
    except Cancelled:
        job.remove()
        return Progress("failed", message="Cancelled.")
    except OwnDataError as error:
        end = Progress("failed", message=str(error))
    except OSError as error:
        end = Progress("failed", message=f"The pictures could not be kept ({error.strerror}); free some space.")
    except Exception as error:
        traceback.print_exc()
        end = Progress(
            "failed", message=f"An unexpected error ended the import ({type(error).__name__}: {str(error)[:120]})."
        )
    try:
        job.write("progress.json", asdict(end))
    except OSError:  # the disk is full for this too: that the process is gone says that it failed
        print(end.message, file=sys.stderr)
    return end


if __name__ == "__main__":
    sys.exit(0 if work(Job(Path(sys.argv[1]))).state == "ready" else 1)
