"""What holds on Linux, macOS and Windows alike: nothing asks one system for what another lacks, and CI tries all three."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import SLOW

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted([*ROOT.glob("*.py"), *ROOT.glob("core/**/*.py"), *ROOT.glob("pages/**/*.py")])
OF_ONE_SYSTEM = {"core/machine/posix.py"}
STARTING = {  # who may start processes
    "core/machine/posix.py",
    "core/machine/processes.py",
    "core/cli/setup.py",  # runs before what `processes` needs is installed
}
EXCEPTIONS = {
    ("core/training/precision.py", "/proc/cpuinfo"),  # one of its ways to ask, where that file is
}
OS = set(
    "fork forkpty kill killpg getpgid getpgrp setpgid getsid setsid execv execve execl execlp execle execvp execvpe nice "
    "getuid geteuid getgid getegid getgroups setuid sysconf sched_getaffinity sched_setaffinity statvfs fstatvfs mkfifo mknod "
    "wait waitpid wait3 wait4 WNOHANG openpty ttyname getloadavg uname chown lchown chroot posix_spawn pread pwrite "
    "sendfile O_DIRECTORY O_NOFOLLOW O_DIRECT getpriority setpriority spawnv startfile fchmod system popen".split()
)
SIGNALS = {"SIGTERM", "SIGINT", "SIG_IGN", "SIG_DFL", "signal", "getsignal", "Signals"}  # what Windows has, too
MODULES = set("fcntl resource pwd grp termios tty pty posix msvcrt _winapi winreg crypt syslog".split())
PROCESSES = set("Popen run call check_call check_output getoutput getstatusoutput".split())
PATHS = re.compile(r"/(proc|dev|etc|var|tmp|usr|bin)(/|$)")


def found_in(source: str, name: str = "core/some.py") -> set[str]:
    """What a module has that not all systems have, or starts that it should have started by `core.machine.processes`."""
    nodes, found, may_start = list(ast.walk(ast.parse(source))), set(), name in STARTING
    of_docs = {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and ast.get_docstring(node)
    }
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        names: list[tuple[str, str, bool]] = []  # module, what of it, whether something may be started by that
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            names = [(node.value.id, node.attr, id(node) in called)]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "", each.name, True) for each in node.names]
            found |= {node.module or ""} & MODULES
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names} & (MODULES | (set() if may_start else {"multiprocessing"}))
        for module, what, starts in names:
            is_signal = module == "signal" and what.startswith("SIG") and what not in SIGNALS
            starts &= (module == "subprocess" and what in PROCESSES) or what == "ProcessPoolExecutor"
            if is_signal or (module == "os" and what in OS) or (starts and not may_start):
                found.add(f"{module}.{what}")
        if isinstance(node, ast.Attribute):
            found |= {node.attr} & {"AF_UNIX", "add_signal_handler"}
        if isinstance(node, ast.keyword):
            found |= {node.arg or ""} & {"start_new_session", "preexec_fn", "creationflags"}
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in of_docs:
            found |= {node.value} & {"fork", "forkserver"}
            if PATHS.match(node.value) and (name, node.value) not in EXCEPTIONS:
                found.add(node.value)
    return found


def test_no_module_but_one_asks_for_what_not_every_system_has():
    names = {path.relative_to(ROOT).as_posix() for path in FILES} - OF_ONE_SYSTEM
    used = {name: found_in((ROOT / name).read_text(encoding="utf-8"), name) for name in sorted(names)}
    assert not (found := {name: sorted(each) for name, each in used.items() if each}), (
        f"give what they use its place in core/machine/posix.py, or start it by core/machine/processes.py: {found}"
    )


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import os\nos.killpg(1, 9)", "os.killpg"),
        ("from os import fork", "os.fork"),
        ("import signal\nsignal.SIGKILL", "signal.SIGKILL"),
        ("def f():\n    import resource", "resource"),
        ("open('/proc/meminfo')", "/proc/meminfo"),
        ("context('forkserver')", "forkserver"),
        ("import subprocess\nsubprocess.run(['x'])", "subprocess.run"),
        ("import multiprocessing", "multiprocessing"),
        ("from concurrent.futures import ProcessPoolExecutor", "concurrent.futures.ProcessPoolExecutor"),
        ("loop.add_signal_handler(1, f)", "add_signal_handler"),
        ("start(x, start_new_session=True)", "start_new_session"),
        ("import socket\nsocket.socket(socket.AF_UNIX)", "AF_UNIX"),
    ],
)
def test_what_is_of_one_system_is_found(source, what):
    assert what in found_in(source)


def test_words_about_it_are_not():
    assert not found_in('"""/proc/meminfo"""\nimport signal, os\nsignal.signal(signal.SIGTERM, f)\nos.replace(a, b)')


def unmarked(source: str) -> dict[str, set[str]]:
    """The tests and fixtures of a file that use what Windows lacks and do not say that they are skipped there: what they use."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not any(
            "mark.posix(" in ast.unparse(each) or "mark.skipif(" in ast.unparse(each) for each in node.decorator_list
        ):
            used = found_in(ast.unparse(node), next(iter(STARTING)))
            if "symlink_to" in ast.unparse(node) and "mark.links" not in " ".join(
                map(ast.unparse, node.decorator_list)
            ):
                used.add("symlink_to")
            if used := {each for each in used if not PATHS.match(each)}:
                found[node.name] = used
    return found


FAST = [
    path
    for path in sorted(ROOT.glob("tests/**/test_*.py"))
    if not path.relative_to(ROOT).as_posix().startswith(SLOW) and path != Path(__file__)
]


def test_fast_tests_of_what_windows_lacks_say_so():
    used = {path.relative_to(ROOT).as_posix(): unmarked(path.read_text(encoding="utf-8")) for path in FAST}
    assert not (found := {name: each for name, each in used.items() if each}), f"mark it posix(why) or links: {found}"


WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))


def steps():
    return [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_ci_tries_the_three_systems_with_the_oldest_and_a_late_python():
    whole, fast = WORKFLOW["jobs"]["whole"], WORKFLOW["jobs"]["fast"]
    assert set(whole["strategy"]["matrix"]["python"]) == {"3.11", "3.13"} and "ubuntu" in whole["runs-on"]
    assert set(fast["strategy"]["matrix"]["python"]) == {"3.11", "3.13"}
    assert {system.partition("-")[0] for system in fast["strategy"]["matrix"]["system"]} == {"windows", "macos"}
    assert fast["runs-on"] == "${{ matrix.system }}" and fast["defaults"]["run"]["shell"] == "bash"
    assert not fast["strategy"]["fail-fast"], "what fails on one system says nothing of another"


def test_the_files_and_commands_of_ci_are_there():
    from core.cli import setup

    run = "\n".join(step["run"] for step in steps() if "run" in step)
    for word in re.findall(r"\bbash (\S+)", run):
        assert (ROOT / word).is_file()
    kinds = re.findall(r"-m core setup (.*)", run)
    assert kinds == ["--torch cpu --dev"] and setup.commands("cpu", True)
    assert re.search(r"-m pytest .*-m .not slow and not browser", run)
    marks = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(f'"{mark}: ' in marks for mark in ("slow", "browser"))
    for step in steps():
        if "setup-python" in step.get("uses", ""):
            assert step["with"]["cache"] == "pip" and (ROOT / step["with"]["cache-dependency-path"]).is_file()


@pytest.mark.parametrize(("given", "kind"), [((), ""), (("CPU=1",), " --torch cpu")])
@pytest.mark.parametrize("target", ["run", "share", "lint"])
def test_make_sets_up_with_or_without_cuda(target, given, kind):
    if not (ROOT / "Makefile").is_file() or subprocess.run(["which", "make"], capture_output=True).returncode:
        pytest.skip("there is no make")
    said = subprocess.run(
        ["make", "-n", "-B", target, *given], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert f"-m core setup{kind}\n" in said.replace(" \n", "\n")
    assert {"run": "core run", "share": "core share", "lint": f"core setup{kind} --dev"}[target] in said.replace(
        "  ", " "
    )
