"""How a run trains, apart from its dataset, network, loss, optimizer and schedule."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import field_validator

from core.settings.settings import Settings, setting

KEPT = 100  # networks at most, of a training whose epochs are more only every second, third ... of those asked for


class TrainingSettings(Settings):
    """How long, in what portions and where a run trains."""

    renamed: ClassVar[dict[str, str]] = {"shortest_epoch": "epoch_seconds"}
    epochs: int = setting(10, "Epochs", ge=1, le=10_000)
    """How many times the network sees every training image."""
    batch_size: int = setting(64, "Batch size", ge=1, le=100_000, unit="images")
    """Images per step. The weights move once after each batch."""
    validation_share: float = setting(0.1, "Validation share", gt=0, le=0.5)
    """Share of the training images held back to check progress on pictures the network never trains on."""
    validate_every: str = setting(
        "auto",
        "Validate",
        labels={"auto": "every few seconds", "epoch": "after each epoch only"}
        | {str(steps): f"every {steps:,} steps" for steps in (10, 30, 100, 300, 1000)},
    )
    """When the curves get a point of validation. More points cost a little time and change nothing else: which epoch
    is best is always decided at its end."""
    training_pictures: int = setting(0, "Training pictures", ge=0, le=10_000_000, unit="of each class")
    """At most so many of each class are learned from, chosen by the seed; the rest lies unused. Try several values
    to see how many a network needs. 0: all."""
    evaluation_batch_size: int = setting(250, "Evaluation batch size", ge=1, le=100_000, unit="images")
    """Images at a time when measuring. It changes memory and speed, never the result."""
    seed: int = setting(0, "Seed", ge=0, le=2**31 - 1)
    """Start of all random numbers. On a CPU the same seed and settings give the same run, to the last digit where it has the
    same number of threads; Repeatable holds that number beside other programs, and a GPU's runs differ a little without it."""
    repeatable: bool = setting(False, "Repeatable")
    """Lets a GPU compute only in ways that give the same numbers each time, so that the same seed gives the same run there
    too. Steps take longer, sometimes several times as long, and a network with an operation that has no such way is refused.
    On a CPU it keeps the number of threads, which else follows how many cores other programs and runs leave: beside them it
    may then take many times as long. An Apple GPU promises less."""
    epoch_seconds: float = setting(0.0, "Slow motion", ge=0, le=600, unit="seconds")
    """An epoch takes at least this long, so that a room can watch a fast training. 0: full speed."""
    device: str = setting("auto", "Device")
    """Where to compute: automatic takes a GPU if there is one, the first free one of several, unless a short measurement
    says that the processor is faster, as it is for small networks."""
    devices: int = setting(1, "Devices at once", ge=1, le=64)
    """How many GPUs of the computer share every batch. The training takes the same steps as on one, batch norm too sees the
    whole batch; it pays for large networks and pictures, not for small ones, where the GPUs wait for each other."""
    precision: Literal["auto", "float32", "bfloat16"] = setting(
        "auto", "Precision", labels={"auto": "automatic", "float32": "float32", "bfloat16": "mixed bfloat16"}
    )
    """How finely numbers are kept while computing. Mixed bfloat16 is faster where the processor has it built in;
    weights always stay float32."""
    best_by: Literal["accuracy", "loss", "last"] = setting(
        "accuracy",
        "Best epoch by",
        labels={"accuracy": "validation accuracy", "loss": "validation loss", "last": "being the last"},
    )
    """What makes an epoch the best one: the highest accuracy or the lowest loss on the validation images, or that it
    is the last, which is steadier where a learning rate falls to the end and few pictures validate."""
    views: Literal["one", "mirrored", "moved"] = setting(
        "one",
        "Views",
        labels={"one": "one: as it is", "mirrored": "two: mirrored", "moved": "six: mirrored, moved"},
    )
    """How often the network looks at a picture when it is validated, tested and used: as it is, mirrored, and both of these moved
    by a pixel, down to the right and up to the left. The mean of its answers counts, which is more often right on photos; wrong
    for digits and letters. Each view takes as long as an answer."""
    patience: int = setting(0, "Patience", ge=0, le=10_000, unit="epochs")
    """Stops early when so many epochs in a row brought nothing better. 0: trains all epochs."""
    keep_every: int = setting(0, "Keep a network", ge=0, le=10_000, unit="every so many epochs")
    """Besides the best and the last network keeps that of every so many epochs, to ask it later; of long trainings a
    hundred at most. 0: none."""
    prune: bool = setting(False, "Stop if hopeless")
    """Ends a run of an experiment early when it is worse at an epoch than half of its other runs were at the same
    one."""
    gradient_clip: float = setting(0.0, "Gradient clipping", ge=0, le=1000)
    """Longest step direction (norm of all gradients together) that is let through unshortened. 0: off."""
    balance: Literal["off", "sampling", "weights"] = setting(
        "off",
        "Balance classes",
        labels={"off": "off", "sampling": "show rare ones more often", "weights": "weigh rare ones more"},
    )
    """When some classes are rare: shows their pictures more often, so that an epoch shows every class equally often,
    or lets a mistake on them count for more."""
    average_decay: float = setting(0.0, "Weight averaging", ge=0, le=0.9999)
    """Keeps a moving average of the weights and judges that: steadier than the last step alone. The share kept in
    each step, 0.99 for example. 0: off."""
    own_pictures: int = setting(0, "My corrections", ge=0, le=1000, unit="times")
    """How often each picture that you corrected on the Classify page is shown in an epoch. 0: not at all."""
    tensorboard: bool = setting(False, "TensorBoard files")
    """Also writes the metrics as TensorBoard's event files into the run's folder while it trains."""
    start_from: str = setting("", "Start from run")
    """An earlier run whose best network this one starts from, instead of random weights. A class that it knew by the
    same name keeps what was learned of it; a new one begins anew."""
    compile: bool = setting(False, "Compile")
    """Lets torch.compile rewrite the network for this GPU: a minute's wait, then faster steps. On a CPU it is
    slower."""

    @field_validator("balance", mode="before")
    @classmethod
    def _from_a_switch(cls, balance: object) -> object:
        """Runs of before there were two ways say true or false."""
        return {True: "sampling", False: "off"}[balance] if isinstance(balance, bool) else balance

    @field_validator("validate_every", mode="before")
    @classmethod
    def _as_text(cls, every: object) -> object:
        return every if isinstance(every, str) else str(every)

    @field_validator("validate_every")
    @classmethod
    def _known_rhythm(cls, every: str) -> str:
        if not re.fullmatch(r"auto|epoch|[1-9]\d{0,8}", every):
            raise ValueError(
                f"Validate is '{' '.join(every.split())[:40]}'; it must be auto, epoch or a whole number of steps such as 100."
            )
        return every

    def keeps(self, epoch: int) -> bool:
        """Whether the network is kept as it is after this epoch, from 1."""
        return bool(self.keep_every) and epoch % (self.keep_every * -(-self.epochs // (KEPT * self.keep_every))) == 0

    def steps_between(self) -> int:
        """Steps between two validations; 0 when no number of them was chosen."""
        return int(self.validate_every) if self.validate_every.isdecimal() else 0

    @field_validator("device")
    @classmethod
    def _known_kind(cls, device: str) -> str:
        if not re.fullmatch(r"auto|cpu|mps|cuda(:\d{1,3})?", device):
            raise ValueError(
                f"Device is '{' '.join(device.split())[:40]}'; it must be auto, cpu, mps, cuda or cuda:0, cuda:1 and so on."
            )
        return device
