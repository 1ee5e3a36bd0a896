"""The loop of a script: epochs, batches, steps, validation, and the test at the end."""

from __future__ import annotations

from core.export.script.lines import call
from core.export.script.network import WrittenNetwork
from core.export.script.training import schedule_text
from core.run_config import RunConfig
from core.training.sampling import batch_bounds, least_batch

RANKS = {"accuracy": "(accuracy, -loss)", "loss": "(-loss, accuracy)"}  # of an epoch, larger is better
VIEWS: dict[str, list[str]] = {  # a function of how a network answers that looks at a picture more than once
    "one": [],
    "mirrored": [
        "def answer(network, inputs):",
        '    """The mean of the answers to pictures and to their mirror images."""',
        "    return (network(inputs).float() + network(inputs.flip(3)).float()) / 2",
        *["", ""],
    ],
    "moved": [
        "def answer(network, inputs):",
        '    """The mean of the answers to pictures and their mirror images, half of it moved by a pixel to either side."""',
        '    wide = functional.pad(inputs, [1] * 4, mode="reflect")',
        "    seen = (inputs, wide[:, :, :-2, :-2], wide[:, :, 2:, 2:])",
        "    still, down, up = (network(each).float() + network(each.flip(3)).float() for each in seen)",
        "    return still / 4 + (down + up) / 8",
        *["", ""],
    ],
}
FASTER = "with torch.autocast(DEVICE.type, torch.bfloat16):"


def loop_text(config: RunConfig, network: WrittenNetwork, old_share: float, images: int, precision: str) -> str:
    """From `measured` to the test. `images`: how many are learned from; `precision`: float32 or bfloat16."""
    training, is_low = (
        config.training,
        precision == "bfloat16" and not network.features,
    )  # a last layer stays in float32
    judged = "average" if training.average_decay else "network"
    measure = f"accuracy, loss = measured({judged}, validation_images, validation_labels)"
    epoch = [
        *_mode(network),
        *_batches(config, images),
        *_indented(_step(config, network, old_share, is_low)),
        *([FASTER, f"    {measure}"] if is_low else [measure]),
        'print(f"epoch {epoch + 1}: validation {accuracy:.2%}, loss {loss:.4f}")',
        *(["look_for_plateau(loss)"] if config.schedule.name == "plateau" else []),
        *_best(config, judged),
    ]
    lines = [
        *_measured(config, network),
        *_before(config),
        "for epoch in range(EPOCHS):",
        *_indented(epoch),
        "",
        *([] if _is_last(config) else [f"{judged}.load_state_dict(best_weights)"]),
        f"accuracy, loss = measured({judged}, test_images, test_labels)",
        'print(f"test: {accuracy:.2%} of {len(test_labels):,} pictures, loss {loss:.4f}")',
    ]
    return "\n".join(lines)


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _measured(config: RunConfig, network: WrittenNetwork) -> list[str]:
    plain = ", smoothing=0" if config.loss.label_smoothing else ""
    mean = ".mean()" if config.training.balance == "weights" else ""
    inputs = "some" if network.features else "inputs_of(some)"
    parts = f"images.split({config.training.evaluation_batch_size})"
    views = config.training.views
    answer = f"network({inputs})" if views == "one" else f"answer(network, {inputs})"
    return [
        *VIEWS[views],
        "@torch.inference_mode()",
        "def measured(network, images, labels):",
        '    """The share of the pictures that a network reads right, and its mean loss."""',
        "    network.eval()",
        f"    logits = torch.cat([{answer} for some in {parts}])",
        "    labels = labels.to(DEVICE)",
        f"    loss = loss_of(logits.float(), labels{plain}){mean}",
        "    return (logits.argmax(dim=1) == labels).float().mean().item(), loss.item()",
        "",
        "",
    ]


def _before(config: RunConfig) -> list[str]:
    """What is needed in every epoch."""
    training, lines = config.training, []
    if training.balance == "weights":
        classes = len(config.dataset.info().class_names)
        lines += [f"counts = torch.bincount(train_labels, minlength={classes}).clamp(min=1)"]
        lines += ["weights = len(train_labels) / (counts * len(train_labels.unique()))"]
        lines += ["weights = weights.to(DEVICE)  # of each class: rare ones count more"]
    if training.balance == "sampling":
        lines += ["rarity = 1 / torch.bincount(train_labels).clamp(min=1).double()"]
    if config.augmentation.alternate:
        lines += ["seeded = torch.Generator().manual_seed(SEED)"]
        lines += ["first_turned = torch.rand(len(train_images), generator=seeded) < 0.5"]
    if training.average_decay:
        lines += ["average, steps = copy.deepcopy(network), 0  # of the weights: steadier"]
    if not _is_last(config):
        lines += ["best, best_weights = None, None", *(["waited = 0"] if training.patience else [])]
    return lines


def _mode(network: WrittenNetwork) -> list[str]:
    if not network.frozen:
        return ["network.train()"]
    trained = network.trained if len(network.trained) > 1 else ()  # a last layer is the same in both
    return ["network.eval()  # the norms of what stays as it is, too", *(f"{part}.train()" for part in trained)]


def _batches(config: RunConfig, images: int) -> list[str]:
    """In the order of the run, which is made of its seed."""
    size = config.training.batch_size
    lines = [
        "# In the order of the run, which is made of its seed.",
        "seeded = torch.Generator().manual_seed(SEED * 1_000_003 + epoch)",
    ]
    if config.training.balance == "sampling":
        arguments = ["rarity[train_labels]", "len(train_labels)", "True", "generator=seeded"]
        lines += call("order = ", "torch.multinomial", arguments)
    else:
        lines += ["order = torch.randperm(len(train_labels), generator=seeded)"]
    if len(batch_bounds(images, size, least_batch(size))) < -(-images // size):
        lines += ["*batches, last = order.split(BATCH_SIZE)"]
        lines += ["batches[-1] = torch.cat([batches[-1], last])  # too few for a step of their own"]
    else:
        lines += ["batches = order.split(BATCH_SIZE)"]
    return [*lines, "for rows in batches:" if _is_constant(config) else "for batch, rows in enumerate(batches):"]


def _is_last(config: RunConfig) -> bool:
    """Whether the network of the last epoch is the one that counts, whatever it reaches: nothing is to be remembered then."""
    return config.training.best_by == "last"


def _is_constant(config: RunConfig) -> bool:
    return not schedule_text(config.schedule)


def _step(config: RunConfig, network: WrittenNetwork, old_share: float, is_low: bool) -> list[str]:
    training, augmentation = config.training, config.augmentation
    own = ' * group["share"]' if old_share != 1 or config.optimizer.of_groups else ""
    lines, rate = [], "LEARNING_RATE"
    if not _is_constant(config):
        lines, rate = ["rate = LEARNING_RATE * share(epoch + batch / len(batches))"], "rate"
    if lines or own:
        lines += ["for group in optimizer.param_groups:", f'    group["lr"] = {rate}{own}']
    changed = ", changed" if augmentation.is_random() else ""
    pictures = "train_images[rows]"
    if augmentation.alternate:
        lines += ["turned = first_turned[rows] ^ bool(epoch % 2)", "pictures = train_images[rows]"]
        lines += ["pictures[turned] = pictures[turned].flip(3)"]
        pictures = "pictures"
    inputs = pictures if network.features else f"inputs_of({pictures}{changed})"
    lines += [f"inputs = {inputs}", "labels = train_labels[rows].to(DEVICE)"]
    if augmentation.mixes():
        lines += [f"part = random.betavariate({augmentation.mixup!r}, {augmentation.mixup!r})"]
        lines += ["part = max(part, 1 - part)  # of each picture, blended with another one"]
        lines += ["others = torch.randperm(len(labels), device=DEVICE)"]
        lines += ["inputs = inputs.lerp(inputs[others], 1 - part)"]
    lines += [FASTER, "    logits = network(inputs).float()"] if is_low else ["logits = network(inputs)"]
    lines += _loss(training.balance == "weights", augmentation.mixes())
    lines += ["optimizer.zero_grad()", "loss.backward()"]
    if training.gradient_clip:
        lines += [f"nn.utils.clip_grad_norm_(network.parameters(), {training.gradient_clip!r})"]
    lines += ["optimizer.step()"]
    if training.average_decay:
        lines += [
            "steps += 1",
            f"kept = min({training.average_decay!r}, (1 + steps) / (10 + steps))",
            "pairs = zip(average.state_dict().values(), network.state_dict().values())",
            "for mean, now in pairs:",
            "    mean.copy_(mean.lerp(now, 1 - kept) if mean.is_floating_point() else now)",
        ]
    return lines


def _loss(is_weighted: bool, mixes: bool) -> list[str]:
    def of(labels: str) -> str:
        return (
            f"(loss_of(logits, {labels}) * weights[{labels}]).mean()" if is_weighted else f"loss_of(logits, {labels})"
        )

    if not mixes:
        return [f"loss = {of('labels')}"]
    return [f"loss = part * {of('labels')}", "labels = labels[others]", f"loss = loss + (1 - part) * {of('labels')}"]


def _best(config: RunConfig, judged: str) -> list[str]:
    if _is_last(config):
        return []
    rank, patience = RANKS[config.training.best_by], config.training.patience
    lines = [f"if best is None or {rank} > best:"]
    lines += [f"    best, best_weights = {rank}, copy.deepcopy({judged}.state_dict())"]
    if patience:
        lines += ["    waited = 0", "else:", "    waited += 1", f"if waited == {patience}:", "    break"]
    return lines
