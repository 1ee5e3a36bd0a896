"""What is no saved run, or a hostile one, brings nothing and is refused in one sentence."""

import io
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from core.export.saved import run_file
from core.export.saved.archive import NotARun, check_packed
from core.export.saved.run_file import open_run, save_run
from tests.pages.trained import train
from tests.saved import contents, listed, packed, quiet, refused


@pytest.fixture(scope="module")
def saved(tmp_path_factory, data_folder):
    """A run as a file; only to be read."""
    place = tmp_path_factory.mktemp("saved") / "Fast digits.traindesk"
    save_run(train(tmp_path_factory.mktemp("runs"), data_folder, epochs=1), place, "", data_folder, quiet)
    return place


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../evil.py",
            "run/../../evil.py",
            "/etc/passwd",
            "C:\\Windows\\evil.exe",
            "run\\config.json",
            "run/kept/../../x.pt",
        ),
        *(
            "run/con",
            "run/worker.log",
            "run/queued",
            "run/owner",
            "run/kept/1.pt",
            f"run/{'x' * 5000}",
            "run/best.pt/x",
            "evil.py",
        ),
        *(
            "run/config.json.",
            "run/Config.json",
            "run/looks/pictures.npz ",
            "pictures/1.svg",
            "pictures/../1.png",
            "run/kept/٠٠٠٠٠١.pt",
        ),
    ],
)
def test_what_is_no_part_of_a_run_is_refused_by_its_name(saved, tmp_path, runs_folder, data_folder, name):
    path = packed(tmp_path / "a.traindesk", {**contents(saved), name: b"x"})
    refused(path, runs_folder, data_folder, "which is no part of a run")
    assert not any("evil" in found.name for found in tmp_path.parent.rglob("*"))


def test_links_and_doubles_are_refused(saved, tmp_path, runs_folder, data_folder):
    files = contents(saved)
    link = zipfile.ZipInfo("run/labels.json")
    link.external_attr = 0o120777 << 16
    for name, entry, data, said in (
        ("link", link, b"/etc/passwd", "a link"),
        ("double", zipfile.ZipInfo("run/config.json"), files["run/config.json"], "twice"),
    ):
        without = {key: value for key, value in files.items() if key != "run/labels.json"}
        path = packed(tmp_path / f"{name}.traindesk", without)
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            archive.writestr(entry, data)
        refused(path, runs_folder, data_folder, said)


def with_entry(saved, place, name, offset, value, size):
    """The file whose list of files says something else of one of them."""
    data = bytearray(saved.read_bytes())
    with zipfile.ZipFile(saved) as archive:
        entry, names = archive.start_dir, archive.namelist()
    for _ in range(names.index(name)):
        entry = data.index(b"PK\1\2", entry + 1)
    data[entry + offset : entry + offset + size] = value.to_bytes(size, "little")
    place.write_bytes(data)
    return place


def test_a_file_with_a_password_is_refused(saved, tmp_path, runs_folder, data_folder):
    path = with_entry(saved, tmp_path / "locked.traindesk", "run/best.pt", 8, 1, 2)
    refused(path, runs_folder, data_folder, "a password")


def test_a_bomb_is_not_unpacked(saved, tmp_path, runs_folder, data_folder, monkeypatch):
    """A log of 30 MB of zeros packs to 30 kB."""
    files = contents(saved) | {"run/events.jsonl": bytes(30_000_000)}
    path = packed(tmp_path / "bomb.traindesk", files)
    assert path.stat().st_size < 2_000_000
    monkeypatch.setattr(run_file, "_unpack", lambda *_: pytest.fail("it was unpacked"))
    refused(path, runs_folder, data_folder, "100 times its size")


def test_a_log_of_gigabytes_is_refused(saved, tmp_path, runs_folder, data_folder):
    """Its size stands in the list of the ZIP; that it is not there is not even looked at."""
    path = with_entry(saved, tmp_path / "log.traindesk", "run/events.jsonl", 24, 3_000_000_000, 4)
    refused(path, runs_folder, data_folder, "3.0 GB as 'run/events.jsonl'", "537 MB")


def test_files_that_lie_in_one_another_are_refused(saved, tmp_path, runs_folder, data_folder):
    """Each entry of the list says where its bytes are: many may say the same."""
    path = with_entry(saved, tmp_path / "overlap.traindesk", "run/best.pt", 20, 2**31, 4)
    refused(path, runs_folder, data_folder, "in one another")


def test_too_many_files_are_refused(saved, tmp_path, runs_folder, data_folder, monkeypatch):
    monkeypatch.setattr("core.export.saved.archive.MOST_FILES", 5)
    refused(saved, runs_folder, data_folder, "files of a run", "the limit is 5")
    monkeypatch.setattr("core.image_sets.sources.MOST_FILES", 5)
    refused(saved, runs_folder, data_folder, "is no run that TrainDesk saved")


@pytest.mark.parametrize("part", ["run/events.jsonl", "run/best.pt", "run/labels.json"])
def test_a_wrong_checksum_is_seen(saved, tmp_path, runs_folder, data_folder, part):
    """Also where the ZIP itself is right."""
    files = contents(saved)
    digests = listed(files)
    files[part] = files[part][:-1] + bytes([files[part][-1] ^ 1])
    refused(packed(tmp_path / "a.traindesk", files, files=digests), runs_folder, data_folder, "checksum", part)


def test_flipped_bits_are_seen(saved, tmp_path, runs_folder, data_folder):
    data = bytearray(saved.read_bytes())
    for place in range(200, len(data) - 200, len(data) // 25):
        flipped = bytearray(data)
        flipped[place] ^= 0xFF
        (tmp_path / "flipped.traindesk").write_bytes(flipped)
        refused(tmp_path / "flipped.traindesk", runs_folder, data_folder)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_file_that_was_cut_short(saved, tmp_path, runs_folder, data_folder, share):
    data = saved.read_bytes()
    (tmp_path / "cut.traindesk").write_bytes(data[: int(len(data) * share)])
    refused(tmp_path / "cut.traindesk", runs_folder, data_folder, "cut short", ".traindesk")


def test_foreign_files(saved, tmp_path, runs_folder, data_folder):
    (tmp_path / "text.traindesk").write_text("hello")
    packed(tmp_path / "other.traindesk", contents(saved), what="dataset")
    packed(tmp_path / "nothing.traindesk", contents(saved), format="one")
    with zipfile.ZipFile(tmp_path / "zip.traindesk", "w") as archive:
        archive.writestr("cats/1.png", b"x")
    for name in ("text", "other", "nothing", "zip"):
        refused(tmp_path / f"{name}.traindesk", runs_folder, data_folder, "is no run that TrainDesk saved")
    with pytest.raises(NotARun):
        open_run(tmp_path / "missing.traindesk", runs_folder, data_folder, "")


def test_newer_files_say_so(saved, tmp_path, runs_folder, data_folder):
    refused(
        packed(tmp_path / "a.traindesk", contents(saved), format=7),
        runs_folder,
        data_folder,
        "newer TrainDesk",
        "7",
        "update",
    )
    files = contents(saved)
    files["run/config.json"] = files["run/config.json"].replace(b'"simple_cnn"', b'"quantum_net"')
    refused(packed(tmp_path / "b.traindesk", files), runs_folder, data_folder, "quantum_net", "update this one")


def test_a_file_that_is_missing_or_not_listed(saved, tmp_path, runs_folder, data_folder):
    files = contents(saved)
    digests = listed(files)
    without = {name: data for name, data in files.items() if name != "run/best.pt"}
    refused(
        packed(tmp_path / "a.traindesk", without, files=digests), runs_folder, data_folder, "'run/best.pt' is missing"
    )
    unlisted = {name: said for name, said in digests.items() if name != "run/best.pt"}
    refused(packed(tmp_path / "b.traindesk", files, files=unlisted), runs_folder, data_folder, "not in its list")
    bare = {name: data for name, data in files.items() if name != "run/config.json"}
    refused(packed(tmp_path / "c.traindesk", bare), runs_folder, data_folder, "no settings")
    for settings in (b"{}", b"[]", b"null", b'{"architecture": {"name": "mlp"}}'):
        damaged = packed(tmp_path / "d.traindesk", files | {"run/config.json": settings})
        refused(damaged, runs_folder, data_folder, "does not say which network")


class Evil:
    """Runs a program where it is unpickled."""

    def __init__(self, place):
        self.place = str(place)

    def __reduce__(self):
        return Path.touch, (Path(self.place),)


def test_a_network_that_holds_code_is_refused_and_nothing_runs(saved, tmp_path, runs_folder, data_folder):
    torch.save({"format": 1, "model": Evil(tmp_path / "ran")}, tmp_path / "evil.pt")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Evil(tmp_path / "ran")))
    for name in ("evil.pt", "evil.pkl"):
        path = packed(tmp_path / f"{name}.traindesk", contents(saved) | {"run/best.pt": (tmp_path / name).read_bytes()})
        refused(path, runs_folder, data_folder, "'best.pt'")
        assert not (tmp_path / "ran").exists()


def test_arrays_and_networks_that_are_bombs_themselves_are_refused(saved, tmp_path, runs_folder, data_folder):
    """numpy and torch would unpack them into memory when someone looks at the run."""
    stream = io.BytesIO()
    np.savez_compressed(stream, logits=np.zeros((1000, 1000), np.float16))
    refused(
        packed(tmp_path / "a.traindesk", contents(saved) | {"run/val_predictions.npz": stream.getvalue()}),
        runs_folder,
        data_folder,
        "packed",
    )
    with zipfile.ZipFile(tmp_path / "best.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b".")
        archive.writestr("archive/data/0", bytes(1_000_000))
    refused(
        packed(tmp_path / "b.traindesk", contents(saved) | {"run/best.pt": (tmp_path / "best.pt").read_bytes()}),
        runs_folder,
        data_folder,
        "packed",
    )


def test_nothing_is_unpickled_while_it_is_opened(saved, runs_folder, data_folder, monkeypatch):
    for module, name in ((torch, "load"), (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler")):
        monkeypatch.setattr(module, name, lambda *_, **__: pytest.fail("it was unpickled"))
    assert open_run(saved, runs_folder, data_folder, "").best.is_file()


def test_the_networks_of_every_optimizer_are_let_in(saved, tmp_path, data_folder):
    """What they keep besides the weights is of few kinds."""
    from core.training.optimizers import OPTIMIZERS

    for name, _ in OPTIMIZERS.items():
        run = train(tmp_path / name, data_folder, epochs=1, optimizer={"name": name}, training={"average_decay": 0.9})
        assert check_packed(run.last) == check_packed(run.best) == ""
