"""Parts of a report card: the data, the network and the settings of a run, as HTML. Whatever people wrote is escaped."""

from __future__ import annotations

from collections import Counter
from html import escape
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.files import read_json
from core.image_sets.splitting import TEST, TRAIN, VAL
from core.recipes import find_recipe
from core.run_config import RunConfig
from core.runs.history import History
from core.runs.store import Run
from core.settings.words import value_in_words
from core.text.numbers import count, large

MOST_LAYERS = 22  # that are listed; of deeper networks their kinds are counted
MOST_CLASSES = 24  # of which all are named; of more a few
SOME_CLASSES = 10
MATTERS = (  # settings that are always told
    "architecture",
    "loss",
    "optimizer",
    "optimizer.learning_rate",
    "schedule",
    "training.epochs",
    "training.batch_size",
    "training.validation_share",
    "training.seed",
)
HIDDEN = (  # told elsewhere, of one computer alone, or nothing that changes the result
    "dataset",
    "dataset.source",
    "dataset.version",
    "training.start_from",
    "training.device",
    "training.tensorboard",
    "training.epoch_seconds",
    "training.evaluation_batch_size",
)


def strong(text: str) -> str:
    """HTML: text that stands out, whichever way it is written."""
    return f'<b dir="auto"><bdi>{escape(text)}</bdi></b>'


def named(text: str) -> str:
    """HTML: a class's name within a sentence that is written from left to right."""
    return f"<bdi>{escape(text)}</bdi>"


def table(head: tuple[str, ...], rows: list[str], kind: str = "", caption: str = "") -> str:
    """HTML of rows under titles."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    of_class = f' class="{kind}"' if kind else ""
    inside = f"{above}<thead><tr>{titles}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="scroll"><table{of_class}>{inside}</table></div>'


def row(first: str, cells: list[str], kind: str = "") -> str:
    """HTML of one row: `first` is HTML already, its other cells are text."""
    others = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr{f" class={kind!r}" if kind else ""}><th scope="row">{first}</th>{others}</tr>'


def data_and_network(run: Run, config: RunConfig, history: History, data_folder: Path) -> str:
    """Which pictures, how they were shared out, and the layers of the network."""
    return f'<div class="two"><div>{_data(config, history, data_folder)}</div><div>{_network(run, config)}</div></div>'


def _data(config: RunConfig, history: History, data_folder: Path) -> str:
    info, started = config.dataset.info(), history.started or {}
    if started:
        train, val, test = (int(started.get(f"{part}_images", 0)) for part in ("train", "val", "test"))
    else:
        training = config.training
        shared = config.dataset.shared_out(
            data_folder, training.validation_share, training.seed, training.training_pictures
        )
        train, val, test = (shared.total(part) for part in (TRAIN, VAL, TEST))
    channels, height, width = info.shape
    names = [str(name) for name in started.get("class_names") or info.class_names]
    shown = names if len(names) <= MOST_CLASSES else names[:SOME_CLASSES]
    more = f" and {len(names) - len(shown):,} more" if len(shown) < len(names) else ""
    rows = [
        row("to learn from", [f"{train:,}"]),
        row("for validation: they choose the best epoch", [f"{val:,}"]),
        row("for the test: seen once, at the end", [f"{test:,}"]),
    ]
    return (
        f"<h3>The data: {named(config.dataset.title())}</h3>"
        f"<p>{count(len(names), 'class', 'classes')}: {', '.join(map(named, shown))}{more}. Pictures of {width} x {height}, "
        f"{'in colour' if channels == 3 else 'grey'}.</p>"
        f"{table(('Pictures', 'number'), rows)}"
    )


def _network(run: Run, config: RunConfig) -> str:
    title = f"<h3>The network: {escape(config.architecture.label)}</h3>"
    try:
        said: Any = read_json(run.network)
        layers = [
            (str(each["words"]), [int(side) for side in each["shape"]], str(each["kind"])) for each in said["layers"]
        ]
        weights, work = (sum(int(each[name]) for each in said["layers"]) for name in ("parameters", "multiply_adds"))
        frozen = sum(int(each["parameters"]) for each in said["layers"] if not each["trains"])
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
    ):  # not what a worker wrote, or nothing yet
        return f"{title}<p>Its layers were not written down.</p>"
    sums = f"{count(weights, 'weight')}, {large(work)} multiply-adds for a picture"
    sums += f"; {frozen:,} of the weights stay as they came" if frozen else ""
    if len(layers) > MOST_LAYERS:
        kinds = Counter(_kind(words) for words, _, _ in layers)
        lines = [f"<li>{escape(kind)}<span>{number:,}</span></li>" for kind, number in kinds.most_common(12)]
        return f'{title}<p>{sums}. It has {len(layers):,} layers, of these kinds:</p><ul class="layers">{"".join(lines)}</ul>'
    lines = [f"<li>{escape(words)}<span>{_shape(shape)}</span></li>" for words, shape, _ in layers]
    sums += ". What comes out of each layer stands beside it"
    return f'{title}<p>{sums}.</p><ol class="layers">{"".join(lines)}</ol>'


def _kind(words: str) -> str:
    """ "convolution 3 x 3, 16 filters" -> "convolution 3 x 3"."""
    return words.partition(",")[0]


def _shape(shape: list[int]) -> str:
    return " x ".join(f"{side:,}" for side in shape)


def settings_table(config: RunConfig) -> str:
    """Those that matter, and all that are not as usual; a dot marks where the recipe says otherwise."""
    recipe = _recipe(config)
    fields, rows, differs = config.fields(), [], False
    for path, spec in fields.items():
        value = config.value_at(path)
        planned = recipe.value_at(path) if recipe else value
        is_other = recipe is not None and planned is not None and planned != value
        if path in HIDDEN or not (path in MATTERS or is_other or ("." in path and value != spec.default)):
            continue
        differs |= is_other
        title = spec.title if "." in path else spec.title.capitalize()
        words = f"{value_in_words(spec, planned)} in the recipe" if is_other else ""
        rows.append(row(escape(title), [value_in_words(spec, value), words], "changed" if is_other else ""))
    found = [f"The recipe '{recipe.title}'" if recipe else "No recipe"]
    found.append("with the changes that are marked" if differs else "as it is" if recipe else "; settings of its own")
    middle = -(-len(rows) // 2)
    halves = "".join(table(("Setting", "Value", ""), half, "left") for half in (rows[:middle], rows[middle:]) if half)
    said = " ".join(found).replace(" ;", ";")
    return f'<p class="quiet">{escape(said)}. What is not told is as it usually is.</p><div class="two">{halves}</div>'


def _recipe(config: RunConfig) -> RunConfig | None:
    try:
        return find_recipe(config.recipe).config() if config.recipe else None
    except TrainDeskError:  # of a release that knew another one
        return None
