"""Own pictures: how well the suggested trainings read pictures, beside plain PyTorch scripts that train for as long.

    python -m benchmarks.own_pictures [--seeds 0] [--ants ants_bees.zip] [--cifar cifar10-jpg.zip]

Imports photos of ants and bees (with the split that they came with), drawings of 12 symbols, and 500 training and 100 test
JPEGs of each class of CIFAR-10. Each is then trained by `python -m core train --images`, as the Data page's two cards would,
from starting that command to the test accuracy at its end (drawings have the one card). The plain scripts get the same training
and test pictures and the same seconds: a network of three convolutions as the CIFAR tutorials write it, and PyTorch's
transfer-learning tutorial with EfficientNet-Lite0 in place of the ResNet18 that would have to be downloaded.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn, optim
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from benchmarks.cifar_zip import ZIP_NAME
from benchmarks.wrong_labels import DRAWN, SYMBOLS
from core.architectures.efficientnet_lite0 import EfficientNetLite0
from core.image_analysis.probe import probe
from core.image_sets.evidence import SCRATCH, TRANSFER
from core.image_sets.folders import accept
from core.image_sets.imports import new_job
from core.image_sets.ingest import ingest
from core.image_sets.own_dataset import OwnDataset
from core.image_sets.suggest import suggested
from core.paths import HOME, data_folder
from tests.doodles import DOODLES, draw_doodle
from tests.own import encoded, zipped

PER_CLASS, TESTED = 500, 100  # of CIFAR-10
CARDS = {TRANSFER: "transfer", SCRATCH: "from scratch"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--ants", type=Path, default=data_folder() / "ants_bees.zip")
    parser.add_argument("--cifar", type=Path, default=data_folder() / ZIP_NAME)
    options = parser.parse_args()
    print("| pictures | seed | trained by | test accuracy | seconds |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for words, archive in _sets(folder, options):
            dataset = _brought(words, archive, folder / "data")
            for seed in options.seeds:
                _side_by_side(words, dataset, folder, seed)


def _sets(folder: Path, options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    if options.ants.exists():
        yield "ants and bees", options.ants
    drawn = {
        f"{name}/{number}.png": encoded(draw_doodle(name, number))
        for name in list(DOODLES)[:SYMBOLS]
        for number in range(DRAWN)
    }
    yield f"{SYMBOLS} drawn symbols", zipped(folder / "symbols.zip", drawn)
    if options.cifar.exists():
        yield f"CIFAR-10, {PER_CLASS} a class", _few_of_each(options.cifar, folder / "few.zip")


def _few_of_each(archive: Path, path: Path) -> Path:
    """The first pictures of each folder of a ZIP with train/CLASS/ and test/CLASS/."""
    taken: dict[str, int] = {}
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(path, "w") as target:
        for name in sorted(source.namelist()):
            parent = name.rpartition("/")[0]
            if name.endswith(".jpg") and taken.get(parent, 0) < (TESTED if "test/" in name else PER_CLASS):
                taken[parent] = taken.get(parent, 0) + 1
                target.writestr(name, source.read(name))
    return path


def _brought(words: str, archive: Path, data: Path) -> OwnDataset:
    job = new_job(data)
    waiting, _ = ingest(archive, job.dataset.folder, words, lambda *_: None)
    dataset = accept(waiting, words, data)
    if "drawn" in words:
        dataset.set_about(fit="ink")  # the button of the Data page's finding
    return dataset


def _side_by_side(words: str, dataset: OwnDataset, folder: Path, seed: int) -> None:
    begun = time.perf_counter()
    probe(dataset, dataset.newest(), times=False)
    looked = time.perf_counter() - begun
    first = TRANSFER if suggested(dataset)["architecture"]["name"] == "efficientnet_lite0" else SCRATCH
    pictures = _as_folders(dataset, folder / dataset.id)
    kinds = [first] if dataset.about("fit") == "ink" else [first, *(CARDS.keys() - {first})]
    for kind in kinds:
        accuracy, seconds = _ours(dataset, kind, folder, seed)
        said = f", suggested first after looking for {looked:.0f} s" if kind == first else ""
        _print(words, seed, f"**the card {CARDS[kind]}**{said}", accuracy, seconds)
        plain = transfer_tutorial if kind == TRANSFER else plain_network
        torch.manual_seed(seed)
        _print(words, seed, f"{plain.__doc__}, for as long", plain(pictures, seconds), seconds)


def _print(*row: object) -> None:
    words, seed, by, accuracy, seconds = row
    print(f"| {words} | {seed} | {by} | {accuracy:.1%} | {seconds:.0f} |", flush=True)


def _ours(dataset: OwnDataset, kind: str, folder: Path, seed: int) -> tuple[float, float]:
    """Test accuracy, and seconds from starting the command to its end."""
    where = ["--data", str(folder / "data"), "--runs", str(folder / "runs"), "--json", "--set", f"seed={seed}"]
    command = [sys.executable, "-m", "core", "train", "--images", dataset.id, f"--{kind}", *where]
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return json.loads(done.stdout)["test/accuracy"], time.perf_counter() - begun


def _as_folders(dataset: OwnDataset, folder: Path) -> Path:
    """train/CLASS/ and test/CLASS/ with the pictures as they came."""
    members, names = dataset.members(), {each.id: each.name for each in dataset.classes()}
    ids = members.images.tolist()
    rows = zip(ids, members.classes.tolist(), members.splits.tolist(), dataset.contents(ids), strict=True)
    for image, label, split, content in rows:
        place = folder / ("test" if split == 2 else "train") / names[label]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{image}.jpg").write_bytes(content)
    return folder


class PlainNetwork(nn.Module):
    def __init__(self, classes: int):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 128, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(128 * 4 * 4, 256)
        self.fc2 = nn.Linear(256, classes)

    def forward(self, x):
        for conv in (self.conv1, self.conv2, self.conv3):
            x = self.pool(torch.relu(conv(x)))
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


def plain_network(pictures: Path, seconds: float) -> float:
    """a plain network of three convolutions, 32 px, Adam"""
    normalise = transforms.Normalize((0.5,) * 3, (0.5,) * 3)
    usual = transforms.Compose([transforms.Resize(32), transforms.CenterCrop(32), transforms.ToTensor(), normalise])
    train, test = ImageFolder(pictures / "train", usual), ImageFolder(pictures / "test", usual)
    network = PlainNetwork(len(train.classes))
    optimizer = optim.Adam(network.parameters(), lr=0.001)
    _train(network, DataLoader(train, 32, shuffle=True), optimizer, None, seconds)
    return _accuracy(network, test)


def transfer_tutorial(pictures: Path, seconds: float) -> float:
    """PyTorch's transfer-learning tutorial with Lite0"""
    scaled = [transforms.ToTensor(), transforms.Normalize((127 / 255,) * 3, (128 / 255,) * 3)]  # Lite0's own
    changed = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), *scaled]
    usual = [transforms.Resize(256), transforms.CenterCrop(224), *scaled]
    train = ImageFolder(pictures / "train", transforms.Compose(changed))
    settings = EfficientNetLite0()  # type: ignore[call-arg]
    network = settings.bare()
    network.load_state_dict(settings.named(torch.load(settings.imagenet_file(Path()), weights_only=True)))
    for weights in network.parameters():
        weights.requires_grad_(False)
    network.classifier = nn.Linear(1280, len(train.classes))
    optimizer = optim.SGD(network.classifier.parameters(), lr=0.001, momentum=0.9)
    schedule = optim.lr_scheduler.StepLR(optimizer, 7, 0.1)
    _train(network, DataLoader(train, 4, shuffle=True), optimizer, schedule, seconds)
    return _accuracy(network, ImageFolder(pictures / "test", transforms.Compose(usual)))


def _train(network: nn.Module, batches: DataLoader, optimizer: optim.Optimizer, schedule, seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        network.train()
        for inputs, labels in batches:
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs), labels).backward()
            optimizer.step()
            if time.perf_counter() > end:
                return
        if schedule:
            schedule.step()


@torch.inference_mode()
def _accuracy(network: nn.Module, test: ImageFolder) -> float:
    network.eval()
    right = sum(int((network(inputs).argmax(1) == labels).sum()) for inputs, labels in DataLoader(test, 32))
    return right / len(test)


if __name__ == "__main__":
    main()
