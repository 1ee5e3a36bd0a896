"""The part of a script that gets the pictures, shares them out and changes them at random."""

from __future__ import annotations

from dataclasses import dataclass

from core.datasets import DatasetSettings
from core.export.script_lines import literal
from core.run_config import RunConfig
from core.training.augmentation import Augmentation

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
    share = f"{100 * training.validation_share:.4g} %"
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
    changes, constants, pixels = config.augmentation.is_on(), "", "pictures.to(DEVICE) / 255"
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


def changes_text(augmentation: Augmentation, shape: tuple[int, int, int], black: bool) -> str:
    """`changed`, which does what `Augmentation.apply` does, with those changes alone that are on; "" where none is.

    It draws the same numbers in the order of that function's list. `black`: what comes in from beyond the edge.
    """
    how, lines = augmentation, []
    moves = bool(how.shift or how.rotation or how.scale or how.stretch or how.shear)
    if moves:
        lines += _moved(how, black)
    if how.crop:
        lines += _cropped(how.crop, shape, black)
    if how.flip and not moves:
        lines += ["mirrored = between(-1, 1) < 0", "pictures[mirrored] = pictures[mirrored].flip(3)"]
    if how.brightness or how.contrast:
        lines += _lit(how, black)
    if how.gamma:
        lines += _gamma(how.gamma, black)
    if how.cutout:
        lines += _cut_out(how.cutout, shape, black)
    if not lines:
        return ""
    between = "    def between(least, most):\n        numbers = torch.rand(len(pictures), device=DEVICE)\n"
    between += "        return least + (most - least) * numbers  # one for each picture\n\n"
    used = between if any("between(" in line for line in lines) else ""
    words = "Each picture changed at random, float32 (N, C, H, W) of 0 to 1."
    body = "".join(f"    {line}\n" for line in [*lines, "return pictures"])
    gap = "\n" if used else ""
    return f'def changed(pictures):\n    """{words}"""\n{gap}{used}{body}'


def _about_one(most: float) -> str:
    return f"between({1 - most:.12g}, {1 + most:.12g})"


def _about_zero(most: float) -> str:
    return f"between({-most:.12g}, {most:.12g})"


def _moved(how: Augmentation, black: bool) -> list[str]:
    """One affine map for each picture: where its new pixels come from."""
    if how.rotation:
        lines = [f"angle = {_about_zero(how.rotation)} * math.pi / 180"]
        lines += ["across = torch.stack([angle.cos(), angle.sin()])  # (2, N)"]
        lines += ["down = torch.stack([-angle.sin(), angle.cos()])"]
    else:
        lines = ["still = torch.zeros(len(pictures), device=DEVICE)"]
        lines += ["across = torch.stack([still + 1, still])  # (2, N)"]
        lines += ["down = torch.stack([still, still + 1])"]
    if how.scale:
        lines += [f"zoom = {_about_one(how.scale)}"]
    if how.flip:
        lines += ["mirror = torch.where(between(-1, 1) < 0, -1.0, 1.0)"]
    if how.shift:  # the grid runs from -1 to 1
        lines += [f"start = torch.stack([{_about_zero(2 * how.shift)} for _ in range(2)])"]
    else:
        lines += ["start = torch.zeros_like(across)"]
    if how.shear:
        lines += [f"down = down + {_about_zero(how.shear)} * across  # slanted"]
    if how.scale:
        lines += ["across, down = across / zoom, down / zoom"]
    if how.stretch:
        lines += [f"down = down / {_about_one(how.stretch)}  # taller or flatter"]
    if how.flip:
        lines += ["across = across * mirror"]
    return [
        *lines,
        "maps = torch.stack([across, down, start]).permute(2, 1, 0)  # (N, 2, 3)",
        "grid = functional.affine_grid(maps, pictures.shape, align_corners=False)",
        "pictures = functional.grid_sample(",
        f'    pictures, grid, padding_mode="{"zeros" if black else "border"}", align_corners=False',
        ")",
    ]


def _window(rows: int, columns: int) -> list[str]:
    return [
        f"top = (torch.rand(len(pictures)) * {rows}).long().tolist()",
        f"left = (torch.rand(len(pictures)) * {columns}).long().tolist()",
    ]


def _cropped(margin: int, shape: tuple[int, int, int], black: bool) -> list[str]:
    _, height, width = shape
    pad = min(margin, height // 2, width // 2)
    mode = "" if black else ', mode="reflect"'
    return [
        f"wide = functional.pad(pictures, [{pad}] * 4{mode})",
        *_window(2 * pad + 1, 2 * pad + 1),
        f"windows = [p[:, y : y + {height}, x : x + {width}] for p, y, x in zip(wide, top, left)]",
        "pictures = torch.stack(windows)",
    ]


def _lit(how: Augmentation, black: bool) -> list[str]:
    """Nothing becomes lighter or darker than the batch's own extremes, as no camera leaves 0 to 255."""
    lines = ["lightest = pictures.amax((0, 2, 3), keepdim=True)"]
    if not black:
        lines += ["darkest = pictures.amin((0, 2, 3), keepdim=True)"]
    if how.brightness:
        lines += [f"light = {_about_one(how.brightness)}.view(-1, 1, 1, 1)"]
    if how.contrast:
        lines += [f"contrast = {_about_one(how.contrast)}.view(-1, 1, 1, 1)"]
        lines += ["mean = pictures.mean((2, 3), keepdim=True)", "pictures = mean + contrast * (pictures - mean)"]
    if how.brightness:
        lines += [f"pictures = {'light * pictures' if black else 'darkest + light * (pictures - darkest)'}"]
    return [*lines, f"pictures = pictures.{'clamp(min=0).minimum(lightest)' if black else 'clamp(darkest, lightest)'}"]


def _gamma(most: float, black: bool) -> list[str]:
    lines = ["lightest = pictures.amax((0, 2, 3), keepdim=True)"]
    if black:
        change = "lightest * (pictures / lightest).clamp(0, 1) ** power"
    else:
        lines += ["darkest = pictures.amin((0, 2, 3), keepdim=True)", "span = (lightest - darkest).clamp(min=1e-6)"]
        change = "darkest + span * ((pictures - darkest) / span) ** power"
    return [*lines, f"power = {1 + most:.12g} ** between(-1, 1).view(-1, 1, 1, 1)", f"pictures = {change}"]


def _cut_out(share: float, shape: tuple[int, int, int], black: bool) -> list[str]:
    _, height, width = shape
    side = max(1, round(share * min(height, width)))
    return [
        *_window(height - side + 1, width - side + 1),
        *([] if black else ["mean = pictures.mean((0, 2, 3)).view(-1, 1, 1)"]),
        "for picture, y, x in zip(pictures, top, left):",
        f"    picture[:, y : y + {side}, x : x + {side}] = {0 if black else 'mean'}",
    ]
