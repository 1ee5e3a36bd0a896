"""The documents tell the truth: everything that can be chosen is in README, and nothing else."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from core.architectures import ARCHITECTURES
from core.datasets import DATASETS
from core.recipes import RECIPES
from core.training.losses import LOSSES
from core.training.optimizers import OPTIMIZERS
from core.training.schedules import SCHEDULES
from tests.test_words import texts

ROOT = Path(__file__).resolve().parent.parent
GUIDE = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "guide").glob("*.md"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _listed(word: str) -> set[str]:
    """The names in backticks between a bold word and the end of its sentence."""
    sentence = re.split(r"\.\s", README.split(f"**{word}**", 1)[1])[0]
    return set(re.findall(r"`([a-z0-9_]+)`", sentence))


@pytest.mark.parametrize(
    ("word", "registry"),
    [
        ("Architectures", ARCHITECTURES),
        ("Datasets", DATASETS),
        ("Optimizers", OPTIMIZERS),
        ("Losses", LOSSES),
        ("Schedules", SCHEDULES),
    ],
)
def test_readme_lists_every_registered_name_and_no_other(word, registry):
    assert _listed(word) == set(registry.names())


def test_readme_has_a_row_for_every_recipe_and_no_other():
    rows = re.findall(r"^\| `([a-z0-9_]+)` \|", README, flags=re.MULTILINE)
    assert rows == [recipe.name for recipe in RECIPES]


@pytest.mark.parametrize("document", [*(path.name for path in ROOT.glob("*.md")), *GUIDE])
def test_every_linked_file_exists(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / document).parent / target).exists(), f"{document} links to {target}"


@cache
def said() -> list[str]:
    """What pages, settings, recipes and choices say: their strings without docstrings, piece by piece where they hold HTML."""
    modules = (ROOT / "home.py", *(path for room in ("pages", "core") for path in (ROOT / room).rglob("*.py")))
    found = [text.replace("\\", "") for path in modules for _, text in texts(path)]
    found += [path.read_text(encoding="utf-8") for path in (ROOT / "pages").rglob("*.html")]
    pieces = (piece.strip(" *\n") for text in found for piece in re.split(r"<[^>]*>", text))
    return [piece[:1].upper() + piece[1:] for piece in pieces if piece]


@pytest.mark.parametrize("document", GUIDE)
def test_what_the_guide_tells_to_click_is_on_the_pages(document):
    """Words in bold are labels, or their beginnings; words in quotation marks are what the program says."""
    text = " ".join(re.sub(r"`[^`]*`", "", (ROOT / document).read_text(encoding="utf-8")).split())
    named = re.findall(r"\*\*(.+?)\*\*", text) + re.findall(r'"([^"]{2,80})"', text)
    missing = {each for label in named if not any(words.startswith(each := label.rstrip(".,")) for words in said())}
    own = {"Sleep", "Where things are"}  # headings of paragraphs
    examples = {"aux", "what?", "90 % sure", "Used 12,000 pictures; the rules allow 5,000", "by Anna 4.png"}
    browsers = {
        "Advanced",
        "Proceed to ... (unsafe)",
        "Show Details",
        "visit this website",
        "Accept the Risk and Continue",
    }
    assert missing - own - examples - browsers == set()


def test_a_label_that_is_gone_is_missed_in_the_guide():
    assert any(words.startswith("Train it to cope") for words in said())
    assert not any(words.startswith("Train it to copy") for words in said())


def test_the_guide_has_a_page_for_each_of_its_links_and_no_other():
    index = (ROOT / "docs" / "guide" / "README.md").read_text(encoding="utf-8")
    assert {f"docs/guide/{name}" for name in re.findall(r"\]\((.+?)\)", index)} == set(GUIDE) - {"docs/guide/README.md"}


def test_every_command_of_the_guide_is_one():
    from core.cli.main import command_line

    text = (ROOT / "docs" / "guide" / "command-line.md").read_text(encoding="utf-8")
    lines = [line.partition("#")[0].split("core ", 1)[1] for line in text.splitlines() if line.startswith("$ ")]
    parsed = [command_line().parse_args(shlex.split(line)) for line in lines]
    assert len(parsed) == len(lines) > 15


def test_architecture_describes_every_event_and_file_of_a_run():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    from core.runs import events
    from core.runs.store import Run

    kinds = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    run = Run(Path("run"))
    files = {
        path.name
        for path in (
            run.config_file,
            run.event_log,
            run.best,
            run.last,
            run.worker_lock,
            run.worker_log,
            run.stop_request,
            run.pause_request,
            run.starting_mark,
            run.queue_place,
            run.metadata_file,
            run.worker_pid,
            run.learning_rate_request,
            run.playback_request,
        )
    }
    assert all(f"`{name}`" in text for name in kinds | files)


ROOMS = re.findall(
    r"^\| ((?:`(?:core|pages)[^|]*`(?:, )?)+) \| (.+) \|$",
    (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


def test_architecture_has_a_row_for_every_room_and_no_other():
    listed = [room.rstrip("/") for rooms, _ in ROOMS for room in re.findall(r"`(.+?)`", rooms)]
    folders = {path.parent.relative_to(ROOT) for name in ("core", "pages") for path in (ROOT / name).rglob("*.py")}
    rooms = {folder.as_posix() for folder in folders if len(folder.parts) < 3 or folder.parts[1] == "components"}
    assert sorted(listed) == sorted(rooms - {"pages/components"})


@pytest.mark.parametrize(("rooms", "content"), ROOMS, ids=[rooms for rooms, _ in ROOMS])
def test_what_architecture_says_of_a_room_is_in_it(rooms, content):
    modules = {path.stem for room in re.findall(r"`(.+?)`", rooms) for path in (ROOT / room).glob("*.py")}
    named = {word for word in re.findall(r"`([a-z_]+)`", content)}
    assert named <= modules, named - modules


def test_the_steps_of_a_batch_name_what_is_there():
    text = (
        (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("# The way of one batch", 1)[1].split("\n# ", 1)[0]
    )
    for room, module, name in re.findall(r"`([a-z_]+)/([a-z_]+)(?:\.(\w+))?`", text):
        files = [path for top in ("core", "pages/components") if (path := ROOT / top / room / f"{module}.py").is_file()]
        assert files, f"{room}/{module}"
        assert not name or re.search(rf"^(def|class) {name}\b", files[0].read_text(encoding="utf-8"), re.MULTILINE), (
            name
        )


def test_every_module_that_the_map_names_is_there():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_/]+/[a-z_]+\.py)`", text))
    tops = (ROOT, ROOT / "core", ROOT / "pages" / "components")
    assert named and not [name for name in named if not any((top / name).is_file() for top in tops)]


def test_the_picture_of_the_house_is_that_of_its_imports():
    from docs.house import PICTURE, picture

    assert PICTURE.read_text(encoding="utf-8") == picture(), "draw it anew: python -m docs.house"
