"""The commands that open the dashboard: on this computer alone, or on a network, behind two passwords."""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import sys
from pathlib import Path
from typing import NoReturn

from core.cli.common import Commands, Result
from core.errors import TrainDeskError
from core.machine.certificate import ensure_certificate, fingerprint
from core.machine.network import own_addresses
from core.machine.posix import run_in_place
from core.machine.processes import in_utf8
from core.paths import HOME
from core.runs.workspace import workspace_folder
from core.sharing import HOST_PASSWORD, PASSWORD, current_authenticator

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike when read from a wall
GROUPS = {PASSWORD: 2, HOST_PASSWORD: 3}  # of four letters, 20 bits each


def add_share_commands(commands: Commands) -> None:
    """Adds them to those of all."""
    run = commands.add("run", _run, "open the dashboard on this computer")
    run.add_argument("--port", type=int, help="default: 8501, or the next that is free")
    run.add_argument("--no-browser", action="store_true", help="only say where it is")
    share = commands.add(
        "share",
        _share,
        "open the dashboard to your network, behind a password",
        description=f"Opens the dashboard to your network. {PASSWORD} and {HOST_PASSWORD} set the passwords; without them "
        "new ones are made up and printed.",
    )
    share.add_argument("--port", type=int, default=8501)
    share.add_argument("--address", default="0.0.0.0", help="the network card to listen on (default: all, IPv4)")
    share.add_argument(
        "--name", action="append", default=[], help="a name by which others reach this computer; may be repeated"
    )
    share.add_argument(
        "--https", action="store_true", help="with a certificate that is made here, so that phones' cameras work"
    )
    share.add_argument("--certificate", type=Path, help="PEM file for https, instead of one that is made here")
    share.add_argument("--key", type=Path, help="its private key")


def _run(options: argparse.Namespace) -> Result:
    command = [sys.executable, "-m", "streamlit", "run", str(HOME / "dashboard.py")]
    command += [f"--server.port={options.port}"] if options.port else []
    command += ["--server.headless=true"] if options.no_browser else []
    _pass_on_folders(options)
    _serve(command)


def made_up_password(groups: int) -> str:
    """Random, and easy to read aloud."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(groups))


def hosts_of(names: list[str]) -> list[str]:
    """All under which the server is asked, each once."""
    return list(dict.fromkeys(["localhost", "127.0.0.1", socket.gethostname(), *names]))


def server_command(options: argparse.Namespace, names: list[str]) -> list[str]:
    """What starts the server, for people who address it by those names."""
    command = [sys.executable, "-m", "streamlit", "run", str(HOME / "share.py"), f"--server.port={options.port}"]
    command += [f"--server.address={options.address}", *(f"--server.allowedHosts={host}" for host in hosts_of(names))]
    # else Streamlit asks the internet for it
    command.append(f"--browser.serverAddress={next(iter(names), 'localhost')}")
    if options.certificate:
        command += [f"--server.sslCertFile={options.certificate}", f"--server.sslKeyFile={options.key}"]
    return command


def _check_free(address: str, port: int) -> None:
    """Raises TrainDeskError where the server could not listen."""
    try:
        with socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET):
            pass
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TrainDeskError(
            f"Nothing can listen at {address}, port {port} ({reason}); end what uses it, or choose another port with --port."
        ) from error


def _share(options: argparse.Namespace) -> Result:
    """Prints where to go and what to type, and becomes the server."""
    if bool(options.certificate) != bool(options.key):
        raise TrainDeskError("https needs both --certificate and --key; give both or neither.")
    if options.https and options.certificate:
        raise TrainDeskError("--https makes a certificate and --certificate brings one; give one of the two.")
    passwords = {name: os.environ.setdefault(name, made_up_password(groups)) for name, groups in GROUPS.items()}
    _pass_on_folders(options)
    current_authenticator()  # complains about bad passwords here, before anything is printed
    _check_free(options.address, options.port)
    names = [*options.name, *own_addresses()]
    if options.https:
        _make_certificate(options, names)
    scheme = "https" if options.certificate else "http"
    print("Others open", *(f"    {scheme}://{name}:{options.port}" for name in names or ["localhost"]), sep="\n")
    print(f"Their password: {passwords[PASSWORD]}")
    print(f"Your own, which may change everything: {passwords[HOST_PASSWORD]}")
    if options.https:
        print(
            "Browsers will warn of a certificate that they do not know: docs/guide/share.md says what to press.",
            f"Its fingerprint (SHA-256), to compare: {fingerprint(options.certificate)}",
            sep="\n",
        )
    elif scheme == "http":
        print(
            "Whoever listens in on this network can read it along, and cameras of phones stay closed: --https opens them."
        )
    _serve(server_command(options, names))


def _make_certificate(options: argparse.Namespace, names: list[str]) -> None:
    """Makes it, or finds that of last time, and has the server use it."""
    folder = workspace_folder(options.runs) / "https"
    try:
        made = ensure_certificate(folder, hosts_of(names))
    except OSError as error:
        raise TrainDeskError(f"{folder} cannot be written ({error.strerror}); free space or check it.") from error
    except ValueError as error:
        raise TrainDeskError(f"No certificate can name all of {', '.join(hosts_of(names))} ({error}).") from error
    options.certificate, options.key = made.file, made.key


def _pass_on_folders(options: argparse.Namespace) -> None:
    os.environ["TRAINDESK_DATA"], os.environ["TRAINDESK_RUNS"] = str(options.data), str(options.runs)


def _serve(command: list[str]) -> NoReturn:
    """Becomes the server, or ends as it ends."""
    os.chdir(HOME)  # where Streamlit finds its settings
    sys.exit(run_in_place(command, in_utf8()))
