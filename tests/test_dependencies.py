"""The rules of who may import whom, and how long a module may be."""

import ast
import functools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 300  # lines
MODULES = sorted(path for folder in ("core", "pages") for path in (ROOT / folder).rglob("*.py"))

# Who may import whom: a module imports only from its own floor of this list, or from those before it, also within functions.
FLOORS = (
    (
        "core.errors",
        "core.files",
        "core.paths",
        "core.text",
        "core.machine",
        "core.native",
        "core.settings",
        "core.runs.metrics",
    ),
    ("core.glossary",),
    ("core.images",),
    ("core.image_sets",),
    ("core.datasets",),
    ("core.architectures",),
    # What a person chooses of a training; the form and the config are made of it, so it stands below them.
    (
        "core.training.augmentation",
        "core.training.losses",
        "core.training.muon",
        "core.training.optimizers",
        "core.training.schedules",
        "core.training.settings",
        "core.training.transforms",
    ),
    # The engine takes plain values and these settings: what makes them of a config stands above.
    (
        "core.runs.events",
        "core.training.gradients",
        "core.training.whole_batch",
        "core.training.dense",
        "core.training.fast_layers",
        "core.training.first_layer",
        "core.training.kernels",
        "core.training.linear",
        "core.training.momentum",
        "core.training.picking",
        "core.training.pooling",
        "core.training.precision",
        "core.training.prefetch",
        "core.training.sampling",
        "core.training.views",
    ),
    (
        "core.training.weight_average",
        "core.training.running_metrics",
        "core.training.halving",
        "core.training.recording",
    ),
    ("core.training.batches", "core.training.layers", "core.training.preview", "core.training.start_weights"),
    ("core.training.features",),
    ("core.training.evaluation", "core.training.frozen"),
    ("core.training.between", "core.training.division", "core.training.step"),
    ("core.training.setup",),
    ("core.training.loop",),
    ("core.training.checkpoints", "core.training.event_recorder"),
    ("core.training.async_checkpoint",),
    ("core.run_config",),
    ("core.recipes", "core.runs"),
    ("core.analysis",),
    ("core.training.trial",),
    ("core.training.fastest",),
    ("core.training.build", "core.training.data", "core.training.snapshots", "core.training.scoring"),
    ("core.training.forecast",),
    ("core.training.device_choice",),
    ("core.image_analysis",),
    ("core.inference", "core.experiments", "core.sharing"),
    ("core.export", "core.nodes.registry", "core.nodes.certificates"),
    ("core.nodes.authority",),
    ("core.nodes.desk_process",),
    ("core.workers",),
    ("core.nodes",),
    # A game asks whether a run was opened from a file, so it stands above what leaves and comes back.
    ("core.demo", "core.lessons", "core.game"),
    ("core.privacy",),
    ("core.cli", "core.__main__"),
    ("pages.components.shell",),
    ("pages.components.charts",),
    ("pages.components.train",),
    ("pages.components.run",),
    ("pages.components.compare",),
    ("pages.components.runs",),
    ("pages.components.classify",),
    ("pages.components.data",),
    ("pages.components.system", "pages.components.demo", "pages.components.lessons", "pages.components.game"),
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def imports(path: Path, *, at_import: bool = False) -> frozenset[str]:
    """Full names of the modules a file imports; with `at_import` only those it imports when it is itself imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden: set[ast.AST] = set()
    if at_import:
        for node in ast.walk(tree):
            typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            if typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                hidden.update(ast.walk(node))
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in hidden:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import, write the full name"
            found |= {node.module or ""} | {f"{node.module}.{name.name}" for name in node.names}
    return frozenset(found)


def floor(name: str) -> int | None:
    fits = [
        (len(prefix), index)
        for index, prefixes in enumerate(FLOORS)
        for prefix in prefixes
        if name == prefix or name.startswith(prefix + ".")
    ]
    return max(fits)[1] if fits else None


def top(name: str) -> str:
    return name.split(".")[0]


def importing(paths: Sequence[Path], packages: str, *, at_import: bool = False) -> list[str]:
    """Which of some modules import any of these packages."""
    assert paths
    return [
        module_name(path)
        for path in paths
        if {top(name) for name in imports(path, at_import=at_import)} & set(packages.split())
    ]


def test_core_knows_no_page_and_no_streamlit():
    core = [path for path in MODULES if path.is_relative_to(ROOT / "core")]
    assert not importing(core, "streamlit pages home dashboard share tests benchmarks")


def test_a_module_imports_only_from_its_floor_or_from_those_below():
    wrong = {}
    for path in MODULES:
        if path.is_relative_to(ROOT / "pages") and "components" not in path.parts:
            continue
        name, own = module_name(path), floor(module_name(path))
        if own is None:
            if path.name != "__init__.py" or imports(path):
                wrong[name] = "has no place among the floors"
        elif above := {each for each in imports(path) if top(each) in ("core", "pages") and (floor(each) or 0) > own}:
            wrong[name] = f"imports {sorted(above)}, which build on it"
    assert not wrong


def test_the_run_store_mentions_no_torch():
    runs = [path for path in MODULES if path.is_relative_to(ROOT / "core" / "runs")]
    assert not importing(runs, "torch torchvision")


def test_architectures_and_datasets_import_torch_only_when_used():
    folders = (ROOT / "core/architectures", ROOT / "core/datasets")
    public = [path for path in MODULES if path.parent in folders and path.name[0] != "_"]
    assert not importing(public, "torch torchvision sklearn", at_import=True)


def test_components_know_no_page():
    for path in (ROOT / "pages" / "components").rglob("*.py"):
        pages = {name for name in imports(path) if top(name) == "pages" and not name.startswith("pages.components")}
        assert pages <= {"pages"}, f"{path} imports {pages}"


def test_modules_are_short():
    lines = {module_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not (found := {name: count for name, count in lines.items() if count > LONGEST}), (
        f"split by purpose: {found}"
    )


def test_what_a_page_needs_before_training_imports_without_torch():
    modules = [
        "core.runs.store",
        "core.workers.launch",
        "core.runs.history",
        "core.runs.events",
        "core.run_config",
        "core.recipes",
        "core.cli.overrides",
        "core.machine.devices",
        "core.cli.main",
        "core.workers.worker",
        "core.architectures",
        "core.datasets",
        "core.datasets.obtain",
        "core.training.losses",
        "core.training.optimizers",
        "core.training.augmentation",
        "core.analysis.scores",
        "core.training.schedules",
        "core.training.settings",
        "core.workers.control",
        "core.runs.requests",
        "core.workers.standby_handle",
        "core.machine.cores",
        "core.workers.session",
        "core.cli.training",
        "core.datasets.cache",
    ]
    program = (
        "import sys\n"
        f"for name in {modules}:\n"
        "    __import__(name)\n"
        "    assert not {'torch', 'torchvision', 'streamlit', 'sklearn'} & set(sys.modules), name\n"
        "from core.run_config import RunConfig\n"
        "from core.recipes import RECIPES\n"
        "for recipe in RECIPES:\n"
        "    RunConfig.from_json(recipe.config().model_dump_json())\n"
        "assert 'torch' not in sys.modules, 'making a config'\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr


def test_no_page_waits_for_what_only_some_of_them_use():
    """Each of these takes a third of a second or more, which the first visitor of a server would wait for."""
    program = (
        "import importlib, pkgutil, sys\n"
        "import pages.components\n"
        "for module in pkgutil.walk_packages(pages.components.__path__, 'pages.components.'):\n"
        "    importlib.import_module(module.name)\n"
        "    slow = {'torch', 'scipy', 'sklearn', 'onnx', 'onnxruntime', 'safetensors', 'segno', 'llvmlite'}\n"
        "    found = slow & set(sys.modules)\n"
        "    assert not found, (module.name, found)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr


def test_tests_of_core_are_named_after_a_module_of_their_room():
    """Or lie in a folder of a module's name; those of several rooms, and of what is new or old in one, say so."""
    paths = sorted((ROOT / "tests" / "core").rglob("test_*.py"))
    assert not (found := [path for path in paths if not has_its_room(path)]), f"whose tests are they? {found}"


def has_its_room(path: Path) -> bool:
    folder = path.parent.relative_to(ROOT / "tests")
    if folder.parts == ("core",) or folder.name == "registries" or (ROOT / folder).with_suffix(".py").is_file():
        return True
    named = {module.stem.strip("_") for module in (ROOT / folder).glob("*.py")} | {"new_", "last_release"}
    return any(path.stem.removeprefix("test_").startswith(name) for name in named - {"init"})
