"""Saved runs as files for tests: what is in one, and one made of other contents."""

import json
import zipfile
from hashlib import sha256

import pytest

from core.errors import TrainDeskError
from core.export.saved.run_file import open_run
from tests.helpers import assert_one_sentence


def quiet(_share, _words):
    """Nobody looks how far it is."""


def contents(path):
    """Name -> bytes of what a ZIP holds."""
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def listed(files):
    """Name -> [bytes, SHA-256], as a manifest has it."""
    return {name: [len(data), sha256(data).hexdigest()] for name, data in files.items() if name != "manifest.json"}


def packed(path, contents, **manifest):
    """A saved run of these files, with a manifest that fits them but for what is said here."""
    said = {**json.loads(contents["manifest.json"]), "files": listed(contents), **manifest}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**contents, "manifest.json": json.dumps(said).encode()}.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if len(data) > 100_000 else None)
    return path


def nothing_came(runs_folder, data_folder=None):
    """Whether neither a run nor a dataset lies there, nor half of one."""
    left = [path for path in runs_folder.glob("*") if path.name != ".traindesk"]
    left += list((data_folder / "sets").glob("*")) if data_folder else []
    return left == []


def refused(path, runs_folder, data_folder, *parts):
    """Opens it, which says one sentence with these parts and brings nothing."""
    with pytest.raises(TrainDeskError) as refusal:
        open_run(path, runs_folder, data_folder, "ben")
    assert_one_sentence(str(refusal.value), *parts)
    assert nothing_came(runs_folder)
