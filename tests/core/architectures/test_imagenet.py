"""The weights that ResNet18 begins with: downloaded with progress, checked, once; every failure in one sentence."""

import hashlib
import socket
import urllib.error
from pathlib import Path

import pytest
import torch

from core.architectures import ARCHITECTURES
from core.architectures.resnet18 import ResNet18
from core.datasets import downloads
from core.errors import TrainDeskError
from tests.core.architectures.loading import error_of, load, same_body
from tests.helpers import assert_one_sentence, closed_port, serve

BYTES = ResNet18.weights_bytes


def _published_at(monkeypatch, url):
    from torchvision.models import ResNet18_Weights

    monkeypatch.setattr(ResNet18_Weights.IMAGENET1K_V1.value, "url", url)
    assert ResNet18_Weights.IMAGENET1K_V1.url == url
    monkeypatch.setattr(ResNet18, "weights_name", url.rsplit("/", 1)[1])


def test_imagenet_weights_are_downloaded_once_and_checked(tmp_path, monkeypatch, published, weights_bytes):
    name = f"resnet18-{hashlib.sha256(weights_bytes).hexdigest()[:8]}.pth"
    with serve({name: weights_bytes}) as site:
        _published_at(monkeypatch, site.url + name)
        same_body(load(ResNet18(), tmp_path / "weights"), published, torch.randn(2, 3, 64, 64))
        load(ResNet18(), tmp_path / "weights")
        assert site.asked == [name]
    assert (tmp_path / "weights" / name).read_bytes() == weights_bytes


def test_imagenet_weights_put_into_the_folder_by_hand_need_no_internet(tmp_path, monkeypatch, published, weights_bytes):
    (tmp_path / "resnet18-12345678.pth").write_bytes(weights_bytes)
    _published_at(monkeypatch, f"http://127.0.0.1:{closed_port()}/resnet18-12345678.pth")
    same_body(load(ResNet18(), tmp_path), published, torch.randn(2, 3, 64, 64))


def test_the_download_of_imagenet_weights_shows_growing_progress(tmp_path, monkeypatch, weights_bytes):
    monkeypatch.setattr(downloads, "POLL_SECONDS", 0.01)
    name = f"resnet18-{hashlib.sha256(weights_bytes).hexdigest()[:8]}.pth"
    seen = []
    with serve({name: weights_bytes}, hold=True) as site:
        _published_at(monkeypatch, site.url + name)
        for done, total in ResNet18().obtain_weights(tmp_path):
            seen.append(done)
            assert 0 <= done <= total == BYTES
            if done > len(weights_bytes) // 4:
                site.go.set()
    assert seen == sorted(seen) and seen[-1] == BYTES
    assert any(0 < done < len(weights_bytes) * 3 // 4 for done in seen), "the file grew and nobody was told"
    assert list(ResNet18().obtain_weights(tmp_path)) == [], "what is there is not fetched again"


def test_a_second_process_waits_for_the_first_and_does_not_fetch_again(tmp_path, monkeypatch, weights_bytes):
    monkeypatch.setattr(downloads, "POLL_SECONDS", 0.01)
    name = f"resnet18-{hashlib.sha256(weights_bytes).hexdigest()[:8]}.pth"
    with serve({name: weights_bytes}, hold=True) as site:
        _published_at(monkeypatch, site.url + name)
        first = ResNet18().obtain_weights(tmp_path)
        next(done for done, _ in first if done)  # has begun and waits in the middle
        second = ResNet18().obtain_weights(tmp_path)
        assert next(second)[0] >= 0
        site.go.set()
        assert list(first)[-1] == list(second)[-1] == (BYTES, BYTES)
        assert site.asked == [name]


def test_what_a_killed_download_left_is_cleared_away(tmp_path, monkeypatch, weights_bytes):
    name = f"resnet18-{hashlib.sha256(weights_bytes).hexdigest()[:8]}.pth"
    (tmp_path / f"{name}.0123.partial").write_bytes(b"half")
    with serve({name: weights_bytes}) as site:
        _published_at(monkeypatch, site.url + name)
        list(ResNet18().obtain_weights(tmp_path))
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")] == [name]


@pytest.mark.parametrize("damage", ["cut", "changed", "broken off"])
def test_imagenet_weights_damaged_on_the_way_are_not_kept_and_fetched_anew_the_next_time(
    damage, tmp_path, monkeypatch, weights_bytes
):
    class BrokenOff(bytes):
        def __len__(self):  # promises more than it has
            return super().__len__() + 1000

    name = f"resnet18-{hashlib.sha256(weights_bytes).hexdigest()[:8]}.pth"
    damaged = {
        "cut": weights_bytes[:100_000],
        "changed": weights_bytes[:-100] + bytes(100),
        "broken off": BrokenOff(weights_bytes[:100_000]),
    }[damage]
    with serve({name: damaged}) as site:
        _published_at(monkeypatch, site.url + name)
        message = error_of(ResNet18(), tmp_path)
        assert_one_sentence(message, "ImageNet weights could not be downloaded", name, "random weights", "damaged")
        assert not [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
        site.files[name] = weights_bytes
        load(ResNet18(), tmp_path)


@pytest.mark.parametrize("content", [b"", b"hello " * 1000], ids=["empty", "text"])
def test_a_damaged_file_among_the_weights_is_named_with_the_remedy(content, tmp_path, monkeypatch):
    (tmp_path / "resnet18-12345678.pth").write_bytes(content)
    _published_at(monkeypatch, f"http://127.0.0.1:{closed_port()}/resnet18-12345678.pth")
    assert_one_sentence(error_of(ResNet18(), tmp_path), "resnet18-12345678.pth", "damaged", "delete it")


def test_loading_never_asks_the_internet(tmp_path, monkeypatch, weights_bytes):
    with serve({"resnet18-f37072fd.pth": weights_bytes}) as site:
        _published_at(monkeypatch, site.url + "resnet18-f37072fd.pth")
        settings = ResNet18()
        with pytest.raises(TrainDeskError) as caught:
            settings.load_initial_weights(settings.build((3, 32, 32), 3), tmp_path)
        assert site.asked == []
    assert_one_sentence(str(caught.value), "resnet18-f37072fd.pth", str(tmp_path), "random weights")


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:{}/", "refused"), ("http://no.such.host.invalid/{}/", "no internet connection")],
    ids=["nobody listens", "unknown host"],
)
def test_no_internet_names_the_file_the_folder_and_the_remedy(url, reason, tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))

    if "host" in url:
        monkeypatch.setattr(torch.hub, "urlopen", unknown)
    _published_at(monkeypatch, url.format(closed_port()) + "resnet18-f37072fd.pth")
    message = error_of(ResNet18(), tmp_path)
    assert_one_sentence(message, "resnet18-f37072fd.pth", str(tmp_path), "connect to the internet", "random weights")
    assert reason in message.lower()


def test_a_weights_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    assert_one_sentence(error_of(ResNet18(), tmp_path / "file" / "weights"), "could not be downloaded")


@pytest.mark.parametrize(
    "settings_class", [each for _, each in ARCHITECTURES.items() if hasattr(each, "weights_bytes")]
)
def test_what_the_form_says_of_a_download_is_what_is_published(settings_class):
    from torchvision.models import get_model_weights

    settings, published = settings_class(), get_model_weights(settings_class.network).IMAGENET1K_V1
    assert settings.imagenet_file(Path("weights")) == Path("weights", published.url.rsplit("/", 1)[1])
    assert settings.weights_bytes == round(published.meta["_file_size"] * 2**20)
    assert not settings.weights_are_here(Path("nowhere"))
