"""What a run needs on another computer: all of it, so that it trains there as here, without a connection."""

import urllib.request
from collections import deque

import pytest

from core.architectures.resnet18 import ResNet18
from core.datasets import DATASETS, DatasetSettings
from core.datasets.cache import open_images
from core.datasets.corrections import keep
from core.errors import TrainDeskError
from core.image_sets.edit import editing
from core.image_sets.folders import delete_dataset
from core.nodes import getting_ready
from core.nodes import parcels as parcels_module
from core.nodes.parcels import needs
from core.runs.history import History
from core.runs.store import Run
from tests.core.datasets.test_corrections import some
from tests.core.datasets.test_obtain import CLASSES, files_of, install, publish
from tests.core.nodes.parcels import Place, as_here, new_run, offline, sent, told, trained, version_of
from tests.core.running import kinds
from tests.helpers import assert_one_sentence, closed_port
from tests.own import own_dataset

COMES_ALONG = ("digits", "mnist", "biased_digits")  # with the program


@pytest.fixture
def desk(tmp_path):
    return Place(tmp_path / "desk")


@pytest.fixture
def node(tmp_path):
    return Place(tmp_path / "node")


@pytest.fixture
def no_connection(monkeypatch):
    """Whoever connects is refused, in processes that are started too."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of its first use


@pytest.fixture
def at_once(no_connection, monkeypatch):
    """The desk gets ready in this process what else it would in another, which takes seconds to import torch."""

    def in_this_one(what, data_folder):
        kind = "dataset" if isinstance(what, DatasetSettings) else "architecture"
        deque(getting_ready.gets_ready({kind: what.model_dump(mode="json")}, data_folder), maxlen=0)

    monkeypatch.setattr(parcels_module, "get_ready", in_this_one)


def dataset_here(name, place, tmp_path, monkeypatch):
    """The settings of a dataset whose files are in the data folder of a place."""
    if name == "own_images":
        return version_of(own_dataset(place.data, tmp_path, {"stripes": 12, "dots": 12}), 1)
    if name in CLASSES:
        install(name, place.data)
        publish(monkeypatch, name, "http://127.0.0.1:1/", files_of(name)[1])  # the sums of these very files
        open_images(DATASETS.parse(name), place.data)
    return {"name": name}


@pytest.fixture
def own(desk, tmp_path):
    """Own pictures on the desk, of which a version is decoded here: a process of its own takes seconds."""
    made = own_dataset(desk.data, tmp_path, {"stripes": 12, "dots": 12})
    open_images(DATASETS.parse(version_of(made, 1)), desk.data)
    return made


@pytest.mark.parametrize("name", [name for name, _ in DATASETS.items()])
def test_a_run_trains_on_another_computer_as_here_and_without_a_connection(name, desk, node, tmp_path, monkeypatch):
    dataset = dataset_here(name, desk, tmp_path, monkeypatch)
    run = new_run(desk, dataset=dataset, training={"training_pictures": 5})
    parcels = needs(run, desk.data)
    assert bool(parcels) == (name not in COMES_ALONG)
    assert {parcel.path.partition("/")[0] for parcel in parcels} <= {"decoded"}, "the decoded pictures are enough"
    offline(monkeypatch)
    copy = node.take(run, parcels)
    assert sorted(path.name for path in node.data.glob("[!.]*")) == ([] if name in COMES_ALONG else ["decoded"])
    trained(copy, node.data)
    if parcels:  # else both have the same file
        assert as_here(trained(run, desk.data), copy)
    assert "download" not in kinds(copy)


def test_own_pictures_stay_those_of_the_runs_version(desk, node, own):
    here, run = (new_run(desk, dataset=version_of(own, 1)) for _ in range(2))
    with editing(own, "Fewer") as edit:
        edit.remove([1, 2, 3])
    newer = new_run(desk, dataset=version_of(own, 2))
    open_images(newer.config().dataset, desk.data)
    copies = [sent(each, desk.data, node) for each in (run, newer)]
    first, second = (trained(each, node.data) for each in copies)
    assert as_here(trained(here, desk.data), first), "the version it was made for, though there is a newer one"
    assert as_here(trained(newer, desk.data), second)
    assert told(first) != told(second)


def test_a_change_of_what_is_sent_sends_what_changed(desk, node, own):
    sent(new_run(desk, dataset=version_of(own, 1)), desk.data, node)
    with editing(own, "Another label") as edit:
        image = int(own.members(1).images[0])
        edit.move([image], 3 - own.pictures([image])[0].class_id)
    node.fetched.clear()
    newer = new_run(desk, dataset=version_of(own, 2))
    open_images(newer.config().dataset, desk.data)
    copy = sent(newer, desk.data, node)
    assert 0 < node.bytes_fetched() < 2000, "labels, not pixels"
    trained(copy, node.data)


def test_nothing_is_sent_of_pictures_that_were_deleted(desk, own, at_once):
    run = new_run(desk, dataset=version_of(own, 1))
    needs(run, desk.data)
    delete_dataset(own)
    assert not list((desk.data / "decoded").iterdir())
    with pytest.raises(TrainDeskError) as caught:
        needs(run, desk.data)
    assert_one_sentence(str(caught.value), "are not in", "bring them back")


def test_corrections_are_those_of_the_desk(desk, node):
    run = new_run(desk, training={"own_pictures": 3})
    for number in range(6):
        keep(run.config().dataset, desk.data, some(number), number)
    keep(run.config().dataset, node.data, some(99), 9)
    copy = sent(run, desk.data, node)
    keep(run.config().dataset, desk.data, some(7), 7)  # afterwards, so it is no part of the run there
    trained(copy, node.data)
    assert (
        History(copy).update().started["train_images"]
        == History(trained(new_run(desk), desk.data)).update().started["train_images"] + 6 * 3
    )


def test_a_run_that_starts_from_an_earlier_one(desk, node):
    earlier = Run(trained(new_run(desk, title="Before"), desk.data).folder.rename(desk.runs / "Æ run (1)"))
    run = new_run(desk, training={"start_from": earlier.id[:-1]})
    other = trained(new_run(node, title="Another with such a name"), node.data)
    other.folder.rename(node.runs / f"{earlier.id[:-1]}z")  # what the beginning of the name would mean there
    copy = sent(run, desk.data, node)
    assert as_here(trained(run, desk.data), trained(copy, node.data))
    [said] = History(copy).update().notices
    assert "Continues from 'Before'" in said["message"]
    node.fetched.clear()
    sent(new_run(desk, training={"start_from": earlier.id}), desk.data, node)
    assert not node.fetched, "it came once"
    with pytest.raises(TrainDeskError) as caught:
        needs(new_run(desk, training={"start_from": "nobody"}), desk.data)
    assert_one_sentence(str(caught.value), "There is no run 'nobody'")


def test_published_weights_are_sent_and_a_file_of_ones_own_is_not(desk, node, monkeypatch):
    (desk.data / "weights").mkdir(parents=True)
    (desk.data / "weights" / ResNet18.weights_name).write_bytes(b"a million photos")
    run = new_run(desk, architecture={"name": "resnet18"})
    offline(monkeypatch)
    sent(run, desk.data, node)
    assert list(run.config().architecture.obtain_weights(node.data / "weights")) == [], "all is there"
    assert (node.data / "weights" / ResNet18.weights_name).read_bytes() == b"a million photos"
    mine = new_run(desk, architecture={"name": "resnet18", "weights": "file", "weights_file": "/home/me/mine.pth"})
    with pytest.raises(TrainDeskError) as caught:
        needs(mine, desk.data)
    assert_one_sentence(str(caught.value), "/home/me/mine.pth", "on this computer alone")


def test_weights_that_come_with_the_program_are_not_sent(desk):
    assert needs(new_run(desk, architecture={"name": "efficientnet_lite0"}), desk.data) == []


def test_a_paused_run_goes_on_on_another_computer_bit_for_bit(desk, node, own, monkeypatch):
    monkeypatch.setattr("core.runs.requests.POLL_SECONDS", 0)  # the next step looks whether it is to pause
    settings = {
        "dataset": version_of(own, 1),
        "epochs": 4,
        "architecture": {"name": "improved_cnn", "channels": [4, 8]},
        "augmentation": {"flip": True},
        "training": {"average_decay": 0.9},
    }
    whole, run = (new_run(desk, **settings) for _ in range(2))
    trained(whole, desk.data)
    at_step = iter(range(1000))
    trained(run, desk.data, lambda event: event["event"] == "epoch" and next(at_step) == 1 and run.request_pause())
    assert run.status().name == "paused"
    parcels = needs(run, desk.data)
    assert {"last.pt", "best.pt", "events.jsonl", "network.json", "looks/000001.npz"} <= {each.path for each in parcels}
    copy = node.take(run, parcels)
    assert copy.event_log.read_bytes() == run.event_log.read_bytes()
    trained(copy, node.data)
    assert as_here(whole, copy)
    assert kinds(copy).count("epoch") == 4 and "resumed" in kinds(copy)
    assert not [
        path for path in copy.folder.rglob("*") if path.name.endswith((".part", ".lock")) and path.parent != copy.folder
    ]


def test_a_run_that_was_stopped_before_it_saved_anything_keeps_its_log(desk, node):
    run = new_run(desk)
    with run.event_log.open("wb") as file:
        file.write(b'{"event":"stopped","time":5,"message":"Stopped."}\n{"event":"resu')
    copy = sent(run, desk.data, node)
    assert copy.event_log.read_bytes() == run.event_log.read_bytes()
    trained(copy, node.data)
    assert copy.event_log.read_bytes().startswith(run.event_log.read_bytes())


def test_the_desk_downloads_what_it_lacks_and_says_how_far_it_is(desk, at_once):
    with pytest.raises(TrainDeskError) as caught:
        needs(new_run(desk, architecture={"name": "resnet18"}), desk.data)
    assert_one_sentence(str(caught.value), "The ImageNet weights could not be downloaded", "connect to the internet")


def test_what_goes_wrong_in_the_process_that_gets_ready_is_told(desk, no_connection, own, monkeypatch):
    with pytest.raises(TrainDeskError) as caught:
        needs(new_run(desk, dataset="fashion_mnist", architecture="mlp"), desk.data)
    assert_one_sentence(str(caught.value), "Fashion-MNIST could not be downloaded", "connect to the internet")

    class Ended(getting_ready.Question):
        def __init__(self, words):
            super().__init__(words)
            self.process.kill()

    monkeypatch.setattr(getting_ready, "Question", Ended)
    smaller = version_of(own, 1) | {"side": 32}
    with pytest.raises(TrainDeskError) as caught:
        needs(new_run(desk, dataset=smaller), desk.data)
    assert_one_sentence(str(caught.value), "the process that did it was ended")


def test_where_nothing_can_be_kept_the_sentence_says_where(desk, at_once, tmp_path):
    made = own_dataset(desk.data, tmp_path, {"stripes": 12, "dots": 12})
    (desk.data / "cache").write_text("no folder")
    with pytest.raises(TrainDeskError) as caught:
        needs(new_run(desk, dataset=version_of(made, 1)), desk.data)
    assert_one_sentence(str(caught.value), "nothing can be kept", str(desk.data / "cache"))
