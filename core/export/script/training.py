"""What a script trains with: loss, optimizer and schedule."""

from __future__ import annotations

import inspect
from typing import Any

from core.errors import TrainDeskError
from core.export.script.lines import call, literal
from core.export.script.muon import muon_text
from core.export.script.network import WrittenNetwork
from core.training.optimizers import Muon, OptimizerSettings
from core.training.schedules import SMALLEST, START

_NO_WORDS = "{} '{}' cannot be written as a script yet; the settings of the run say what it is."
NOT_FOR_ALL = "# Weight decay is for matrices and filters, not for biases and norms."


def loss_text(loss: Any, weighted: bool, classes: int) -> str:
    """`loss_of`: the mean of the pictures' losses, or where classes are `weighted` each picture's.

    Raises TrainDeskError for a loss that has no words yet.
    """
    smooth = loss.label_smoothing > 0
    each = ', reduction="none"' if weighted else ""
    mean = ".mean(dim=1)" if weighted else ""
    name = loss.name
    lines: list[str] = []
    if name == "cross_entropy":
        options = ["logits", "labels", *(["label_smoothing=smoothing"] if smooth else [])]
        lines = call("return ", "functional.cross_entropy", [*options, *(['reduction="none"'] if weighted else [])], 1)
    elif name == "nll":
        lines = ["    shares = logits.log_softmax(dim=1)  # logarithms of what it thinks"]
        result = f"functional.nll_loss(shares, labels{each})"
        if smooth:
            lines += [f"    loss = {result}"]
            result = f"(1 - smoothing) * loss - smoothing * shares.mean({'dim=1' if weighted else ''})"
        lines += [f"    return {result}"]
    elif name in ("mse", "bce"):
        lines = [f"    wanted = functional.one_hot(labels, {classes}).float()"]
        if smooth:
            lines += [f"    wanted = wanted * (1 - smoothing) + smoothing / {classes}"]
        if name == "mse":
            lines += ["    answer = logits.softmax(dim=1)"]
            lines += [f"    return functional.mse_loss(answer, wanted{each}){mean}"]
        else:
            options = ["logits", "wanted", *(['reduction="none"'] if weighted else [])]
            lines += call("return ", "functional.binary_cross_entropy_with_logits", options, 1, mean)
    if not lines:
        raise TrainDeskError(_NO_WORDS.format("The loss", loss.label))
    argument = f"logits, labels, smoothing={loss.label_smoothing!r}" if smooth else "logits, labels"
    return "\n".join([f"def loss_of({argument}):", *lines, ""])


def optimizer_text(optimizer: OptimizerSettings, network: WrittenNetwork, old_share: float) -> str:
    """`optimizer`. Weight decay is for matrices and filters alone; layers that begin with learned weights train with `old_share`
    of the learning rate, which their groups keep as "share"."""
    import torch

    if isinstance(optimizer, Muon):
        return muon_text(optimizer, network, old_share)
    kind = getattr(torch.optim, optimizer.label)
    usual = {name: each.default for name, each in inspect.signature(kind).parameters.items()}
    options = optimizer.model_dump(exclude={"name", "learning_rate"})
    decays = optimizer.weight_decay > 0
    given = [f"{name}={literal(value)}" for name, value in options.items() if value != usual.get(name)]
    rest = ["lr=LEARNING_RATE", *given]
    lines: list[str] = []
    if old_share != 1 and len(network.trained) != 1:
        lines = ["*old, matrix, bias = [each for each in network.parameters() if each.requires_grad]"]
        share = f'"share": {old_share!r}'
        groups = [f'"params": old, {share}', '"params": [matrix, bias], "share": 1']
        if decays:
            lines += [NOT_FOR_ALL, *_apart("old")]
            groups = [f'"params": matrices, {share}', f'"params": others, {share}, "weight_decay": 0']
            groups += ['"params": [matrix], "share": 1', '"params": [bias], "share": 1, "weight_decay": 0']
        lines += ["groups = [", *(f"    {{{group}}}," for group in groups), "]"]
        return "\n".join([*lines, *call("optimizer = ", f"torch.optim.{optimizer.label}", ["groups", *rest])])
    if not decays:
        first = f"{network.trained[0]}.parameters()" if len(network.trained) == 1 else "network.parameters()"
        return "\n".join([*call("optimizer = ", f"torch.optim.{optimizer.label}", [first, *rest])])
    lines = ["trained = [each for each in network.parameters() if each.requires_grad]"] if network.frozen else []
    lines += [NOT_FOR_ALL, *_apart("trained" if network.frozen else "network.parameters()")]
    lines += ['groups = [{"params": matrices}, {"params": others, "weight_decay": 0}]']
    return "\n".join([*lines, *call("optimizer = ", f"torch.optim.{optimizer.label}", ["groups", *rest])])


def _apart(members: str) -> list[str]:
    return [
        f"matrices = [each for each in {members} if each.ndim > 1]",
        f"others = [each for each in {members} if each.ndim < 2]",
    ]


def schedule_text(schedule: Any) -> str:
    """`share(epoch)` of the learning rate when so many epochs are done; "" where it is always all of it.

    Raises TrainDeskError for a schedule that has no words yet.
    """
    warmup = getattr(schedule, "warmup", 0.0)
    after = {
        "constant": "1.0",
        "step": f"max({SMALLEST!r}, {getattr(schedule, 'gamma', 1)!r} ** (epoch // {getattr(schedule, 'every', 1)}))",
        "plateau": 'plateau["share"]',
    }
    name, before, behind = schedule.name, "", ""
    if name == "constant" and not warmup:
        return ""
    lines: list[str] = []
    if warmup:
        lines += [f"    if epoch < {warmup:g}:", f"        return {START!r} + {1 - START:.12g} * epoch / {warmup:g}"]
    if name in after:
        lines += [f"    return {after[name]}"]
    elif name in ("cosine", "linear"):
        done = f"(epoch - {warmup:g}) / (EPOCHS - {warmup:g})" if warmup else "epoch / EPOCHS"
        final, fallen = schedule.final, "done" if warmup else done  # type: ignore[attr-defined]
        curve = f"(1 + math.cos(math.pi * {fallen})) / 2"
        shape = f"{f'{final!r} + {1 - final:.12g} * ' if final else ''}{curve}"
        if name == "linear":
            shape = f"1 - {f'{1 - final:.12g} * ' if final else ''}{fallen}"
        lines += [f"    done = {done}"] if warmup else []
        lines += [f"    return max({SMALLEST!r}, {shape})"]
    elif name == "one_cycle":
        peak = schedule.peak_at  # type: ignore[attr-defined]
        lines += [
            f"    first, last, done, peak = 1 / 25, 1 / 250_000, epoch / EPOCHS, {peak!r}",
            "    if done < peak:",
            "        return 1 + (first - 1) * (1 + math.cos(math.pi * done / peak)) / 2",
            "    fallen = (done - peak) / (1 - peak)",
            "    return last + (1 - last) * (1 + math.cos(math.pi * fallen)) / 2",
        ]
    else:
        raise TrainDeskError(_NO_WORDS.format("The schedule", schedule.label))
    if name == "plateau":
        gamma, patience = schedule.gamma, schedule.patience  # type: ignore[attr-defined]
        before = 'plateau = {"share": 1.0, "best": math.inf, "worse": 0}\n\n\n'
        behind = f'''

def look_for_plateau(loss):
    """After an epoch: falls when the loss was not better {patience + 1:,} {"times" if patience else "time"} in a row."""
    if loss < plateau["best"] * (1 - 1e-4):
        plateau.update(best=loss, worse=0)
        return
    plateau["worse"] += 1
    if plateau["worse"] > {patience}:
        plateau.update(share=max({SMALLEST!r}, plateau["share"] * {gamma!r}), worse=0)
'''
    words = '    """Share of the learning rate in use when so many epochs are done."""'
    return "\n".join([f"{before}def share(epoch):", words, *lines, ""]) + behind
