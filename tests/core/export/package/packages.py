"""Packages that are made, and their program, which is asked with what it needs and nothing else."""

import json
import subprocess
import sys
import zipfile

from core.export.package.package import write_package
from core.export.package.proof import ALLOWED, ALONE
from core.runs.store import create_run
from core.workers.worker import work
from tests.helpers import quick_config


def trained(folder, data_folder, **settings):
    run = create_run(quick_config(**settings), folder)
    assert work(run, data_folder)["event"] == "finished"
    return run


class Package:
    """A ZIP that was made, what was said of it, and where it is unpacked."""

    def __init__(self, run, data_folder, folder):
        self.told = []
        self.zip = folder / "made.zip"
        self.facts = write_package(
            run, self.zip, "", data_folder, lambda share, doing: self.told.append((share, doing))
        )
        with zipfile.ZipFile(self.zip) as archive:
            archive.extractall(folder / "unpacked")
        (self.folder,) = (folder / "unpacked").iterdir()

    def ask(self, *arguments, more=(), python=sys.executable):
        """Runs predict.py with what it needs and nothing else."""
        needed = (self.folder / "requirements.txt").read_text()
        allowed = [*ALLOWED, *(["scipy"] if "scipy" in needed else []), *more]
        words = [python, "-I", "-B", "-c", ALONE, "|".join([str(self.folder), *allowed]), *map(str, arguments)]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, encoding="utf-8", timeout=240)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def rows(self, *arguments):
        done = self.ask("--json", *arguments)
        return [json.loads(line) for line in done.stdout.splitlines()], done.returncode
