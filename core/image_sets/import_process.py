"""The process of one import.

python -m core.image_sets.import_process IMPORT_FOLDER
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from core.files import remedy, remove_folder
from core.image_sets.imports import Job, Progress, Request
from core.image_sets.ingest import Cancelled, ingest
from core.image_sets.keeping import keep_as
from core.image_sets.layout import Layout
from core.image_sets.own_dataset import OwnDataError
from core.machine.processes import Reporter

OFTEN = 0.2  # seconds between two words on how far it is


class _Asked(Exception):
    """How the folders are meant must be answered first."""


class _Again(Exception):
    """Someone chose another way to read the folders."""


def run_import(job: Job) -> Progress:
    """Ingests the pictures; leaves a dataset that is ready to be accepted, a question, or why it failed. Nothing remains of
    one that was cancelled, and of one that failed nothing but the sentence."""
    while True:
        request = job.request()
        try:
            pictures = _ingest(job, request)
            end = Progress("ready", done=pictures, total=pictures)
        except _Again:
            _clear(job)
            continue
        except _Asked:
            end = Progress("asking")
        except Cancelled:
            job.remove()
            return Progress("failed", message="Cancelled.")
        except OwnDataError as error:
            end = Progress("failed", message=str(error))
        except OSError as error:
            end = Progress("failed", message=f"The pictures could not be kept ({error.strerror}); {remedy(error)}.")
        except Exception as error:
            traceback.print_exc()
            said = f"An unexpected error ended the import ({type(error).__name__}: {str(error)[:120]})."
            end = Progress("failed", message=said)
        break
    if end.state != "ready":
        _clear(job)
    try:
        job.write(end)
    except OSError:  # the disk is full for this too: that the process is gone says that it failed
        print(end.message, file=sys.stderr)
    return end


def _ingest(job: Job, request: Request) -> int:
    """How many pictures came in."""
    report_progress = Reporter(lambda *said: job.write(Progress("working", *said)), OFTEN)

    def progress(phase: str, done: int, total: int) -> None:
        check()
        report_progress(phase, done, total)

    def check() -> None:
        if job.cancel_file.exists() or not job.folder.exists():
            raise Cancelled
        if job.request().reading != request.reading:
            raise _Again

    def tell(layout: Layout) -> None:
        check()
        job.write(layout.summary())
        if layout.question:
            raise _Asked

    dataset, report = ingest(
        Path(request.path), job.dataset.folder, request.title, progress, request.class_name, request.reading, tell
    )
    dataset.set_about(**request.about, owner=job.owner)
    keep_as(dataset.folder, job.folder)
    job.write(report)
    check()
    return report.pictures


def _clear(job: Job) -> None:
    remove_folder(job.dataset.folder)


if __name__ == "__main__":
    sys.exit(0 if run_import(Job(Path(sys.argv[1]))).state == "ready" else 1)
