"""What a computer keeps of the desk that it joined: its name, key and certificate, in `.traindesk/node` of its runs folder."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import TrainDeskError
from core.files import read_json, remove_file, replace_file
from core.nodes.authority import Authority
from core.nodes.certificates import JOIN, expires, new_request
from core.nodes.link import DeskLink
from core.nodes.wire import Refused, security
from core.runs.workspace import NAME, workspace_folder
from core.settings.stored import stored_as

if TYPE_CHECKING:
    from distributed.security import Security

RENEW = 60 * 24 * 3600.0  # seconds before its end in which a certificate is renewed
ASK_FOR_NEW = "make a new join file on the desk's Computer page"


@dataclass(frozen=True)
class Identity:
    """What lets a computer in; of a join file without a name. Certificates and keys are PEM."""

    name: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    addresses: list[str] = field(default_factory=list)  # of the desk

    @property
    def security(self) -> Security:
        """For connections to the desk."""
        return security(self.ca, self.certificate, self.key)

    @property
    def is_ending(self) -> bool:
        """Whether its certificate is to be renewed."""
        return expires(self.certificate) - time.time() < RENEW


def read_join(path: Path) -> Identity:
    """What a join file holds. Raises TrainDeskError."""
    said = read_json(path)
    join = stored_as(Identity, said)
    if not isinstance(said, dict) or said.get("traindesk") != JOIN or not (join.ca and join.certificate and join.key):
        why = "is no join file of TrainDesk" if path.is_file() else "is not there"
        raise TrainDeskError(f"{path} {why}; {ASK_FOR_NEW}.")
    return join


def own_identity(runs_folder: Path) -> Identity | None:
    """That of the computer whose runs folder it is; None where it has joined no desk."""
    identity = stored_as(Identity, read_json(_path(runs_folder)))
    return identity if identity.name and identity.certificate and identity.key else None


def keep(runs_folder: Path, identity: Identity) -> None:
    """Writes it down for its owner's eyes alone. Raises OSError, TrainDeskError."""
    path = _path(runs_folder)
    workspace_folder(runs_folder)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    remove_file(temporary)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(identity), file, indent=1)
    replace_file(temporary, path)


async def enroll(identity: Identity, addresses: list[str], name: str) -> Identity:
    """The identity that the desk gives for a join file's, or for one that ends. Raises Refused, TrainDeskError."""
    key, request = new_request()
    remedy = "join again with a join file" if identity.name else ASK_FOR_NEW
    async with DeskLink(addresses, identity.security, remedy) as link:
        while link.refusal is None:
            await link.wait()
            with contextlib.suppress(ConnectionError):
                said = await link.ask("enroll", {"name": name, "request": request})
                if "error" in said:
                    raise Refused(said["error"])
                return Identity(said["name"], identity.ca, said["certificate"], key, addresses)
        raise link.refusal


def refuse_own_desk(runs_folder: Path, identity: Identity) -> None:
    """Raises TrainDeskError where a desk would train for itself out of its own runs folder."""
    authority = Authority(runs_folder)
    if authority.exists and authority.text("ca.pem") == identity.ca:
        raise TrainDeskError(
            f"{runs_folder} is the runs folder of the desk itself; give this computer one of its own with --runs."
        )


def host_name() -> str:
    """What this computer calls itself."""
    return socket.gethostname() or "computer"


def _path(runs_folder: Path) -> Path:
    return runs_folder / NAME / "node" / "identity.json"
