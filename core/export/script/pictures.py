"""The part of a script that gets the pictures, shares them out and makes inputs of them."""

from __future__ import annotations

from dataclasses import dataclass

from core.datasets import DatasetSettings
from core.export.script.lines import literal
from core.run_config import RunConfig

SETS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "cifar10": "CIFAR10"}  # names in torchvision.datasets
PARTS = ("train", "validation", "test")

# What makes a picture square, as `core.images.fit` does it; SIDE and MODE are put in.
SQUARE = {
    "crop": """\
    side = min(picture.size)
    left, top = (picture.width - side) / 2, (picture.height - side) / 2
    box = (left, top, left + side, top + side)
    how = {"resample": Image.Resampling.BICUBIC, "reducing_gap": 3.0}
    picture = picture.resize((SIDE, SIDE), box=box, **how)
""",
    "stretch": """\
    picture = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0)
""",
    "pad": """\
    width, height = (max(1, round(n * SIDE / max(picture.size))) for n in picture.size)
    small = picture.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3.0)
    pixels = np.asarray(small)
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = np.median(edge, axis=0).astype(int).tolist()
    picture = Image.new("MODE", (SIDE, SIDE), FILL)
    picture.paste(small, ((SIDE - width) // 2, (SIDE - height) // 2))
""",
}


@dataclass(frozen=True)
class Source:
    """Where a script finds its pictures."""

    kind: (
        str  # "torchvision", "digits", "folders" of own pictures, or "arrays": a file that is written beside the script
    )
    beside: str = ""  # name of the file that must lie beside the script


def source_of(dataset: DatasetSettings) -> Source:
    """For a dataset that no student can get, and for drawings, whose ink is found by a program of its own, the pixels are taken
    along."""
    name = dataset.name
    if name in SETS:
        return Source("torchvision")
    if name == "digits":
        return Source("digits")
    if name == "own_images" and dataset.fit in SQUARE:  # type: ignore[attr-defined]
        return Source("folders", "split.json")
    return Source("arrays", "pictures.npz")


def load_text(config: RunConfig, beside: str) -> str:
    """Gives the script `train_images`, uint8 (N, C, H, W), and `train_labels`, int64 (N,), and those of the other parts.

    `beside`: the file that it reads, where the source has one.
    """
    source = source_of(config.dataset)
    if source.kind == "folders":
        return _from_folders(config.dataset, beside)
    if source.kind == "arrays":
        return (
            f"kept = np.load({literal(beside)})"
            + """
train_images, train_labels, validation_images, validation_labels, *test = [
    torch.from_numpy(kept[f"{part}_{what}"])
    for part in ("train", "validation", "test")
    for what in ("images", "labels")
]
test_images, test_labels = test
"""
        )
    load = _from_sklearn() if source.kind == "digits" else _from_torchvision(config.dataset)
    return load + "\n" + split_text(config)


def _from_torchvision(dataset: DatasetSettings) -> str:
    name, grey = SETS[dataset.name], dataset.info().shape[0] == 1
    pixels = "kept.data[:, None]" if grey else "torch.tensor(kept.data).permute(0, 3, 1, 2)"
    labels = "kept.targets" if grey else "torch.tensor(kept.targets)"
    return f"""\
def published(train):
    kept = datasets.{name}("data", train=train, download=True)
    return {pixels}, {labels}


images, labels = published(train=True)
test_images, test_labels = published(train=False)
"""


def _from_sklearn() -> str:
    return """\
digits = load_digits()
pixels = (digits.images * (255 / 16)).round().astype("uint8")  # 0..16 -> 0..255
pixels, numbers = torch.from_numpy(pixels)[:, None], torch.from_numpy(digits.target)
learn, test = train_test_split(
    range(len(numbers)), test_size=360, stratify=digits.target, random_state=0
)
images, labels = pixels[learn], numbers[learn]
test_images, test_labels = pixels[test], numbers[test]
"""


def split_text(config: RunConfig) -> str:
    """Holds pictures out for validation, the very ones of the run: see `core.image_sets.splitting.plan_of`."""
    training, classes = config.training, len(config.dataset.info().class_names)
    limit = training.training_pictures
    used = f"members[held : held + {limit}]" if limit else "members[held:]"
    share = f"{100 * training.validation_share:.4g} per cent"
    rest = f"at most {limit:,} of the others are" if limit else "the others are"
    return f"""\
# {share} of each class are held out for validation, {rest} learned from.
order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(SEED))
train, validation = [], []
for label in range({classes}):
    members = order[labels[order] == label]
    held = max(1, round(len(members) * {training.validation_share!r}))
    validation.append(members[:held])
    train.append({used})
train, validation = torch.cat(train).sort().values, torch.cat(validation).sort().values
train_images, train_labels = images[train], labels[train]
validation_images, validation_labels = images[validation], labels[validation]
"""


def _from_folders(dataset: DatasetSettings, beside: str) -> str:
    channels, side, _ = dataset.info().shape
    mode = "L" if channels == 1 else "RGB"
    square = SQUARE[dataset.fit].replace("SIDE", str(side)).replace("MODE", mode)  # type: ignore[attr-defined]
    square = square.replace("FILL", "colour" if channels == 1 else "tuple(colour)")
    axes = "[None]" if channels == 1 else ".transpose(2, 0, 1)"
    return f"""\
def square(file):
    \"\"\"uint8 ({channels}, {side}, {side}) of a picture file; what is see-through becomes white.\"\"\"
    picture = ImageOps.exif_transpose(Image.open(file)).convert("RGBA")
    page = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(page, picture).convert("{mode}")
{square}    return np.asarray(picture){axes}


def pictures(part):
    squares = [square(Path("pictures", file)) for file in split[part]]
    return torch.from_numpy(np.stack(squares)), torch.tensor(list(split[part].values()))


# Of each part the files in the folder "pictures", with their classes as numbers.
split = json.loads(Path({literal(beside)}).read_text(encoding="utf-8"))
train_images, train_labels = pictures("train")
validation_images, validation_labels = pictures("validation")
test_images, test_labels = pictures("test")
"""


def inputs_text(config: RunConfig, colour: bool, side: int) -> str:
    """`inputs_of`, and `changed` where pictures are changed at random. `colour`: grey pictures get three channels; `side`: they
    are enlarged to so many pixels."""
    mean, deviation = config.dataset.mean_and_deviation()
    changes, constants, pixels = config.augmentation.is_random(), "", "pictures.to(DEVICE) / 255"
    if changes:
        pixels = f"change({pixels})"
    if (set(mean), set(deviation)) != ({0.0}, {1.0}):
        pixels = f"({pixels} - MEAN) / DEVIATION"
        constants = f"MEAN = {_constant(mean)}\nDEVIATION = {_constant(deviation)}\n\n\n"
    lines = []
    if colour:
        lines, pixels = [f"inputs = {pixels}"], "inputs.expand(-1, 3, -1, -1)  # grey in three channels"
    if side:
        lines, pixels = [*lines, f"inputs = {pixels}"], f'functional.interpolate(inputs, size={side}, mode="bilinear")'
    argument = "pictures, change=lambda pixels: pixels" if changes else "pictures"
    body = "".join(f"    {line}\n" for line in [*lines, f"return {pixels}"])
    words = "Pixels of 0 to 255 as the network sees them: float32 (N, C, H, W)."
    return f'{constants}def inputs_of({argument}):\n    """{words}"""\n{body}'


def _constant(values: tuple[float, ...]) -> str:
    if len(values) == 1:
        return literal(values[0])
    return f"torch.tensor({literal(list(values))}, device=DEVICE).view(-1, 1, 1)"
