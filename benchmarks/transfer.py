"""Transfer learning beside the tutorial's frozen loop: ResNet18, only the last layer trains, CIFAR-10's pictures.

    python -m benchmarks.transfer [--rounds 5] [--sides 32 224] [--threads 1 2]

Tutorial: PyTorch's "Transfer learning for computer vision", ConvNet as fixed feature extractor: requires_grad off, the whole
network in train mode, SGD on the new last layer, pictures one by one through PIL and transforms. It augments at random;
here nobody does, and no workers load, because the processor is busy computing. Without features: the engine when every
epoch passes the frozen layers anew. First epoch: the pass that computes the features. Later epochs: training steps on them.
All figures are images per second of training alone, without validation.

No weights are downloaded: all begin with the same random ones, which take as long.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn, optim

from benchmarks import side_by_side
from core.files import replace_file
from core.machine.environment import worker_environment

VARIANTS = ("tutorial", "without features", "first epoch", "later epochs")
BATCH_SIZE = {32: 64, 224: 16}  # pixels -> images
IMAGES = {32: 10_000, 224: 512}  # in the training split
STEPS = {"tutorial": {32: 20, 224: 3}, "without features": {32: 60, 224: 12}, "later epochs": {32: 3000, 224: 3000}}
PASS = {32: 5000, 224: 192}  # images in a round of the first epoch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", nargs="+", type=int, choices=list(BATCH_SIZE), default=list(BATCH_SIZE))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--variant", choices=VARIANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        torch.set_num_threads(options.threads[0])
        side_by_side.serve(_variant(options.variant, options.sides[0]))
        return
    print("| pixels | threads | variant | images/s | / tutorial (min / median / max) |")
    print("| --- | --- | --- | --- | --- |")
    for side in options.sides:
        for threads in options.threads:
            print(_rows(side, threads, options.rounds), flush=True)
    torch.set_num_threads(options.threads[0])
    same, images = _same_predictions()
    print(
        f"\nTrained with and without features from one seed: the same prediction for {same:,} of {images:,} test images."
    )


def _rows(side: int, threads: int, rounds: int) -> str:
    command = ["-m", "benchmarks.transfer", "--sides", str(side), "--threads", str(threads), "--variant"]
    allocator = {key: value for key, value in worker_environment().items() if os.environ.get(key) != value}
    rates = side_by_side.measure(
        {variant: [*command, variant] for variant in VARIANTS}, rounds, dict.fromkeys(VARIANTS[1:], allocator)
    )
    return "\n".join(
        f"| {side} | {threads} | {variant} | {statistics.median(rates[variant]):,.0f} "
        f"| {_ratio(rates[variant], rates['tutorial'])} |"
        for variant in VARIANTS
    )


def _ratio(rates: list[float], base: list[float]) -> str:
    ratios = [rate / other for rate, other in zip(rates, base, strict=True)]
    low, middle, high = (
        f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
        for value in (min(ratios), statistics.median(ratios), max(ratios))
    )
    return f"{low} / **{middle}** / {high}"


def _variant(variant: str, side: int) -> Callable[[], float]:
    if variant == "tutorial":
        return _tutorial(side, STEPS[variant][side])
    if variant == "first epoch":
        return _feature_pass(side)
    return _engine(side, STEPS[variant][side], features=variant == "later epochs")


def _tutorial(side: int, steps: int) -> Callable[[], float]:
    from PIL import Image
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.models import resnet18

    data = _images(side)
    to_input = [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]
    transform = transforms.Compose([transforms.Resize(side), *to_input] if side != 32 else to_input)
    pictures, targets = data.train_images.permute(0, 2, 3, 1).numpy(), data.train_labels.tolist()

    class Pictures(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return len(targets)

        def __getitem__(self, index: int):
            return transform(Image.fromarray(pictures[index])), targets[index]

    model = resnet18()
    model.load_state_dict(torch.load(_weights_file(), weights_only=True))
    for weights in model.parameters():
        weights.requires_grad = False
    model.fc = nn.Linear(model.fc.in_features, 10)
    criterion, optimizer = nn.CrossEntropyLoss(), optim.SGD(model.fc.parameters(), lr=0.001, momentum=0.9)
    loader = DataLoader(Pictures(), batch_size=BATCH_SIZE[side], shuffle=True)

    def one_round() -> float:
        model.train()
        running_loss, running_corrects = 0.0, 0
        batches = iter(loader)
        start = time.perf_counter()
        for count, (inputs, labels) in enumerate(batches, start=1):
            optimizer.zero_grad()
            outputs = model(inputs)
            _, preds = torch.max(outputs, 1)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item() * inputs.size(0)
            running_corrects += torch.sum(preds == labels.data)
            if count == steps:
                break
        return steps * BATCH_SIZE[side] / (time.perf_counter() - start)

    return one_round


def _engine(side: int, steps: int, *, features: bool) -> Callable[[], float]:
    from core.runs.events import EventWriter
    from core.training.event_recorder import Recorder
    from core.training.loop import Step

    config, splits, state, happening = _begin(side, features=features)
    log = EventWriter(Path(tempfile.mkdtemp()) / "events.jsonl")
    recorder = Recorder(config.training, splits, state, log.write)
    while not state.epoch:  # the first epoch waits for the features
        next(happening)

    def one_round() -> float:
        images, seconds = 0, 0.0
        while images < steps * BATCH_SIZE[side]:
            start = time.perf_counter()
            happened = next(happening)
            if isinstance(happened, Step):
                recorder.step(happened)
                images += happened.images
                seconds += time.perf_counter() - start
        return images / seconds

    return one_round


def _feature_pass(side: int) -> Callable[[], float]:
    from core.training.features import compute_features, split_frozen
    from core.training.precision import mixed

    config, splits, state, _ = _begin(side, features=True)
    frozen, _ = split_frozen(state.model)
    context = mixed(state.precision, torch.device("cpu"))

    def one_round() -> float:
        start = time.perf_counter()
        for done, _ in compute_features(frozen, splits.train, config.training.evaluation_batch_size, context):
            if done >= PASS[side]:
                break
        return done / (time.perf_counter() - start)

    return one_round


def _begin(side: int, *, features: bool, epochs: int = 10_000, images: int = 0):
    """A run of the engine: config, splits, state and what happens in it. Each epoch validates on a twentieth of the images."""
    from core.datasets.cache import decoded
    from core.run_config import RunConfig
    from core.training import frozen
    from core.training.batches import split
    from core.training.build import begin, setup_of
    from core.training.loop import train
    from core.training.precision import way_by_rule

    config = RunConfig.from_dict(
        {
            "dataset": {"name": "cifar10", "normalisation": "imagenet"},
            "architecture": {
                "name": "resnet18",
                "weights": "file",
                "weights_file": str(_weights_file()),
                "enlarge_to": side if side != 32 else 0,
            },
            "optimizer": {"name": "sgd", "learning_rate": 0.001, "momentum": 0.9},
            "training": {"epochs": epochs, "batch_size": BATCH_SIZE[side], "validation_share": 0.05},
        }
    )
    if not features:
        frozen.can_cache = lambda augmentation: False
    device = torch.device("cpu")
    splits = split(decoded(_images(side, images)), config.dataset, 0.05, 0, device)
    precision = way_by_rule("auto", device, BATCH_SIZE[side] * 3 * side * side).precision
    state = begin(config, splits, device, Path(tempfile.gettempdir()), precision)
    return config, splits, state, iter(train(state, setup_of(config), splits))


def _same_predictions() -> tuple[int, int]:
    """For how many test images networks trained for three epochs with and without features say the same."""
    predictions = []
    for features in (True, False):
        _, splits, state, happening = _begin(32, features=features, epochs=3, images=2000)
        for _ in happening:
            pass
        model = state.model.eval()
        with torch.inference_mode():
            batches = splits.test.batches(None, [(start, start + 250) for start in range(0, len(splits.test), 250)])
            predictions.append(torch.cat([model(inputs).argmax(dim=1) for inputs, _ in batches]))
    return int((predictions[0] == predictions[1]).sum()), len(predictions[0])


def _images(side: int, count: int = 0):
    """CIFAR-10 images of all classes: as many to train on as the benchmark takes, and 2,000 to test on."""
    from benchmarks.cifar_zip import load_cifar10
    from core.datasets import ImageData

    data, random = load_cifar10(), torch.Generator().manual_seed(0)
    train = torch.randperm(len(data.train_images), generator=random)[: count or IMAGES[side]]
    test = torch.randperm(len(data.test_images), generator=random)[:2000]
    return ImageData(data.train_images[train], data.train_labels[train], data.test_images[test], data.test_labels[test])


def _weights_file() -> Path:
    from torchvision.models import resnet18

    path = Path(tempfile.gettempdir()) / "traindesk-resnet18-random.pth"
    if not path.exists():
        torch.manual_seed(0)
        partial = path.with_suffix(f".{os.getpid()}")
        torch.save(resnet18().state_dict(), partial)
        replace_file(partial, path)
    return path


if __name__ == "__main__":
    main()
