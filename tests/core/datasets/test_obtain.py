"""Getting datasets: downloads in the published file formats from a server of our own, and everything that goes wrong.

Longer than others, because every dataset is published, cut and damaged in the same ways.
"""

import gzip
import hashlib
import io
import pickle
import socket
import struct
import tarfile
import threading
import urllib.request

import numpy as np
import pytest
import torch
import torchvision.datasets

from core.datasets import DATASETS, DatasetError, obtain
from core.datasets.mnist import FILES
from tests.helpers import assert_one_sentence, closed_port, serve

FOLDERS = {"fashion_mnist": "FashionMNIST/raw", "cifar10": "cifar-10-batches-py"}
CLASSES = {"fashion_mnist": "FashionMNIST", "cifar10": "CIFAR10"}


def md5(data):
    return hashlib.md5(data).hexdigest()


def idx_files(train=400, test=100):
    """Random pictures in MNIST's file format, compressed, and what is in them."""
    random = np.random.default_rng(0)
    files, content = {}, {}
    for name in FILES:
        count = train if name.startswith("train") else test
        shape = (count, 28, 28) if "images" in name else (count,)
        values = random.integers(0, 256 if "images" in name else 10, shape, dtype=np.uint8)
        header = struct.pack(">HBB", 0, 8, len(shape)) + struct.pack(f">{len(shape)}I", *shape)
        files[f"{name}.gz"] = gzip.compress(header + values.tobytes(), mtime=0)
        content[name] = values
    return files, content


def cifar_archive(each=20):
    """Random pictures in CIFAR-10's file format, and what is in them."""
    random = np.random.default_rng(0)
    buffer, members, batches = io.BytesIO(), {}, {}
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    for name in names:
        batch = {
            "data": random.integers(0, 256, (each, 3072), dtype=np.uint8),
            "labels": random.integers(0, 10, each).tolist(),
        }
        batches[name], members[name] = batch, pickle.dumps(batch)
    members["batches.meta"] = pickle.dumps({"label_names": DATASETS.parse("cifar10").info().class_names})
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue(), members, batches


def publish(monkeypatch, name, url, checks=None):
    """Makes torchvision look for a dataset at `url` and expect the small files."""
    dataset_class = getattr(torchvision.datasets, CLASSES[name])
    checks = checks or {}
    if name == "cifar10":
        monkeypatch.setattr(dataset_class, "url", url + dataset_class.filename)
        monkeypatch.setattr(dataset_class, "tgz_md5", checks.get(dataset_class.filename, "0" * 32))
        for part in ("train_list", "test_list"):
            listed = [[file, checks.get(file, "0" * 32)] for file, _ in getattr(dataset_class, part)]
            monkeypatch.setattr(dataset_class, part, listed)
        monkeypatch.setattr(dataset_class, "meta", {**dataset_class.meta, "md5": checks.get("batches.meta", "0" * 32)})
    else:
        monkeypatch.setattr(dataset_class, "mirrors", [url])
        monkeypatch.setattr(
            dataset_class, "resources", [(file, checks.get(file, "0" * 32)) for file, _ in dataset_class.resources]
        )


def files_of(name):
    """Files to serve by name, and their checksums."""
    if name == "cifar10":
        archive, members, _ = cifar_archive()
        checks = {member: md5(data) for member, data in members.items()}
        return {"cifar-10-python.tar.gz": archive}, {**checks, "cifar-10-python.tar.gz": md5(archive)}
    files, _ = idx_files()
    return files, {file: md5(data) for file, data in files.items()}


def failure(name, folder):
    settings = DATASETS.parse(name)
    with pytest.raises(DatasetError) as caught:
        list(obtain.obtain(settings, folder))
    message = str(caught.value)
    assert_one_sentence(message, settings.label, str(folder), "choose MNIST, which comes with the program")
    return message


@pytest.mark.parametrize("name", CLASSES)
def test_a_download_shows_growing_progress_and_can_be_loaded(name, tmp_path, monkeypatch):
    settings, folder = DATASETS.parse(name), tmp_path / "data"
    files, checks = files_of(name)
    total = settings.info().download_bytes
    seen = []
    with serve(files, hold=True) as site:
        publish(monkeypatch, name, site.url, checks)
        assert not settings.is_present(folder)
        for done, whole in obtain.obtain(settings, folder):
            seen.append(done)
            assert whole == total and 0 <= done <= total
            if done:
                site.go.set()
        asked = list(site.asked)
    assert sorted(set(asked)) == sorted(files) and len(asked) <= 2 * len(files)  # torchvision looks for redirects first
    assert seen[0] < seen[-1] == total  # half a file may be there before the first look
    assert seen == sorted(seen)
    assert any(0 < done < total for done in seen)
    assert settings.is_present(folder)
    data = settings.load(folder)
    assert data.train_images.shape[1:] == data.test_images.shape[1:] == settings.info().shape
    assert data.train_images.dtype == torch.uint8 and data.train_labels.dtype == torch.int64
    assert list(obtain.obtain(settings, folder)) == [], "what is there is not fetched again"


@pytest.mark.parametrize("name", CLASSES)
def test_without_a_connection_the_sentence_names_dataset_folder_and_remedy(name, tmp_path, monkeypatch):
    publish(monkeypatch, name, f"http://127.0.0.1:{closed_port()}/")
    message = failure(name, tmp_path / "data")
    names = [archive.name for archive in DATASETS.parse(name).archives(tmp_path)]
    assert_one_sentence(
        message, "could not be downloaded", "connect to the internet", *names, f"into {tmp_path / 'data'}"
    )
    assert not DATASETS.parse(name).is_present(tmp_path / "data")


@pytest.mark.parametrize("name", CLASSES)
def test_a_file_the_server_does_not_have(name, tmp_path, monkeypatch):
    with serve({}) as site:
        publish(monkeypatch, name, site.url)
        failure(name, tmp_path)


@pytest.mark.parametrize("name", CLASSES)
def test_a_download_damaged_on_the_way_is_refused_and_fetched_anew_the_next_time(name, tmp_path, monkeypatch):
    files, checks = files_of(name)
    first = next(iter(files))
    damaged = {**files, first: files[first][:-100] + bytes(100)}
    with serve(damaged) as site:
        publish(monkeypatch, name, site.url, checks)
        failure(name, tmp_path)
        site.files.update(files)
        list(obtain.obtain(DATASETS.parse(name), tmp_path))
    assert DATASETS.parse(name).load(tmp_path).train_images.shape[0] > 0


@pytest.mark.parametrize("name", CLASSES)
def test_a_connection_cut_in_the_middle_is_one_sentence(name, tmp_path, monkeypatch):
    files, checks = files_of(name)

    class Cut(bytes):
        def __len__(self):  # promises more than it has
            return super().__len__() + 1000

    with serve({file: Cut(data[:2000]) for file, data in files.items()}) as site:
        publish(monkeypatch, name, site.url, checks)
        failure(name, tmp_path)


def test_a_data_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    failure("fashion_mnist", tmp_path / "file" / "data")


def test_a_second_process_waits_for_the_first_and_does_not_fetch_again(tmp_path, monkeypatch):
    files, checks = files_of("fashion_mnist")
    settings = DATASETS.parse("fashion_mnist")
    with serve(files, hold=True) as site:
        publish(monkeypatch, "fashion_mnist", site.url, checks)
        first = obtain.obtain(settings, tmp_path)
        next(done for done, _ in first if done)  # has begun and waits in the middle
        second_ends = []
        second = threading.Thread(target=lambda: second_ends.extend(obtain.obtain(settings, tmp_path)))
        second.start()
        site.go.set()
        list(first)
        second.join(20)
        assert not second.is_alive()
        assert len(site.asked) <= 2 * len(files)  # torchvision looks for redirects first
    assert second_ends[-1] == (settings.info().download_bytes,) * 2


def test_nothing_is_printed_to_standard_output(tmp_path, monkeypatch, capfd):
    files, checks = files_of("fashion_mnist")
    settings_class = DATASETS.get("fashion_mnist")
    download = settings_class.download

    def chatty(self, folder):
        print("Downloading ...")
        download(self, folder)

    monkeypatch.setattr(settings_class, "download", chatty)
    with serve(files) as site:
        publish(monkeypatch, "fashion_mnist", site.url, checks)
        list(obtain.obtain(DATASETS.parse("fashion_mnist"), tmp_path))
    assert capfd.readouterr().out == ""


def install(name, folder):
    target = folder / FOLDERS[name]
    target.mkdir(parents=True)
    if name == "cifar10":
        _, members, _ = cifar_archive()
        for member, data in members.items():
            (target / member).write_bytes(data)
    else:
        for file, data in idx_files()[0].items():
            (target / file.removesuffix(".gz")).write_bytes(gzip.decompress(data))
    return target


@pytest.mark.parametrize("damage", ["cut", "empty", "foreign", "missing"])
@pytest.mark.parametrize("name", CLASSES)
def test_damaged_files_are_one_sentence(name, damage, tmp_path, monkeypatch):
    target = install(name, tmp_path)
    publish(monkeypatch, name, "http://127.0.0.1:1/", files_of(name)[1])
    file = target / ("data_batch_3" if name == "cifar10" else FILES[0])
    whole = file.read_bytes()
    if damage == "missing":
        file.unlink()
        assert not DATASETS.parse(name).is_present(tmp_path)
    else:
        file.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "foreign": b"hello " * 1000}[damage])
    with pytest.raises(DatasetError) as caught:
        DATASETS.parse(name).load(tmp_path)
    assert_one_sentence(str(caught.value), DATASETS.get(name).label, str(tmp_path), "damaged", "download them anew")


def test_a_host_that_cannot_be_found_is_said_in_plain_words(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))

    monkeypatch.setattr(urllib.request, "urlopen", unknown)
    assert "(no internet connection)" in failure("fashion_mnist", tmp_path)
