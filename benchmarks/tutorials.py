"""The tutorials' own training loops, written out as published: PIL images, transforms per sample, DataLoader, loss.item()."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import torch
from PIL import Image
from torch import nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

from core.paths import data_folder


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(28 * 28, 200)
        self.fc2 = nn.Linear(200, 200)
        self.fc3 = nn.Linear(200, 10)

    def forward(self, x):
        x = x.view(-1, 28 * 28)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return F.log_softmax(self.fc3(x), dim=1)


class SimpleCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)  # the tutorial's 3 channels do not fit MNIST
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(32 * 7 * 7, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 32 * 7 * 7)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


class SimpleCNNWide(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc = nn.Linear(64 * 7 * 7, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc(x.view(-1, 64 * 7 * 7))


class ImprovedCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, kernel_size=3, padding=1)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.bn2 = nn.BatchNorm2d(64)
        self.pool = nn.MaxPool2d(2, 2)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(64 * 7 * 7, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.pool(F.relu(self.bn2(self.conv2(x))))
        x = self.dropout(x.view(-1, 64 * 7 * 7))
        return self.fc(x)


class CifarCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, kernel_size=3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.conv3 = nn.Conv2d(64, 128, kernel_size=3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(128)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(128 * 4 * 4, 256)
        self.dropout = nn.Dropout(0.3)
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.pool(F.relu(self.bn2(self.conv2(x))))
        x = self.pool(F.relu(self.bn3(self.conv3(x))))
        x = F.relu(self.fc1(x.view(-1, 128 * 4 * 4)))
        return self.fc2(self.dropout(x))


class _PILCifar(Dataset):
    """What torchvision.datasets.CIFAR10 does for a sample, over images from anywhere."""

    def __init__(self, transform, train: bool):
        from benchmarks.cifar_zip import load_cifar10

        data = load_cifar10()
        images, labels = (data.train_images, data.train_labels) if train else (data.test_images, data.test_labels)
        self.data = images.permute(0, 2, 3, 1).numpy()
        self.targets = labels.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int):
        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def _mnist(transform, train: bool) -> Dataset:
    return datasets.MNIST(str(data_folder()), train=train, transform=transform)


NORMALISED = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
HALF = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))])


# recipe -> model, images (train or test), batch size, loss, optimizer
TUTORIALS: dict[str, tuple] = {
    "mlp": (
        MLP, lambda train: _mnist(NORMALISED, train), 200, nn.NLLLoss, lambda p: optim.SGD(p, lr=0.01, momentum=0.9),
    ),
    "simple_cnn": (
        SimpleCNN, lambda train: _mnist(transforms.ToTensor(), train), 64, nn.CrossEntropyLoss,
        lambda p: optim.SGD(p, lr=0.001, momentum=0.9),
    ),
    "simple_cnn_wide": (
        SimpleCNNWide, lambda train: _mnist(NORMALISED, train), 64, nn.CrossEntropyLoss, lambda p: optim.Adam(p, lr=0.001),
    ),
    "improved_cnn": (
        ImprovedCNN, lambda train: _mnist(NORMALISED, train), 64, nn.CrossEntropyLoss, lambda p: optim.Adam(p, lr=0.001),
    ),
    "cifar_cnn": (
        CifarCNN, lambda train: _PILCifar(HALF, train), 32, nn.CrossEntropyLoss, lambda p: optim.Adam(p, lr=0.001),
    ),
}  # fmt: skip


def _train(model: nn.Module, criterion, optimizer, batches) -> int:
    """The tutorials' loop over the batches; returns how many there were."""
    running_loss, count = 0.0, 0
    for inputs, labels in batches:
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
        count += 1
    return count


def training_round(recipe: str, steps: int) -> Callable[[], float]:
    """A function that trains `steps` batches as the tutorial does and returns images per second."""
    model_class, images, batch_size, loss_class, optimizer_of = TUTORIALS[recipe]
    model, criterion = model_class(), loss_class()
    optimizer = optimizer_of(model.parameters())
    loader = DataLoader(images(True), batch_size=batch_size, shuffle=True)

    def one_round() -> float:
        model.train()
        batches = itertools.islice(iter(loader), steps)
        start = time.perf_counter()
        count = _train(model, criterion, optimizer, batches)
        return count * batch_size / (time.perf_counter() - start)

    torch.manual_seed(0)
    return one_round


def whole_training(recipe: str, epochs: int, seed: int) -> float:
    """Test accuracy after so many epochs of the tutorial's loop."""
    return list(tested_epochs(recipe, seed, epochs, every_epoch=False))[-1][0]


def tested_epochs(recipe: str, seed: int, epochs: int, every_epoch: bool = True) -> Iterator[tuple[float, float]]:
    """Trains as the tutorial does and yields test accuracy and seconds of training so far, after each epoch or the last."""
    torch.manual_seed(seed)
    model_class, images, batch_size, loss_class, optimizer_of = TUTORIALS[recipe]
    model, criterion = model_class(), loss_class()
    optimizer = optimizer_of(model.parameters())
    train_loader = DataLoader(images(True), batch_size=batch_size, shuffle=True)
    test_loader = DataLoader(images(False), batch_size=1000)
    seconds = 0.0
    for epoch in range(epochs):
        start = time.perf_counter()
        model.train()
        _train(model, criterion, optimizer, train_loader)
        seconds += time.perf_counter() - start
        if every_epoch or epoch == epochs - 1:
            yield _accuracy(model, test_loader), seconds


def _accuracy(model: nn.Module, loader: DataLoader) -> float:
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for inputs, labels in loader:
            predicted = model(inputs).argmax(dim=1)
            total += labels.size(0)
            correct += (predicted == labels).sum().item()
    return correct / total
