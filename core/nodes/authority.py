"""Who may come in from other computers: the desk's own certificate authority, its join files, and the computers it knows.

All of it lies in `.traindesk/nodes/authority`, for its owner's eyes alone. A certificate says in its subject what it is for: a
`join` one may say hello and ask for a certificate, a `node` one belongs to the computer that it names, and the `desk` one alone
stands for the desk.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import TrainDeskError
from core.files import remove_file
from core.nodes.certificates import AUTHORITY, DESK, JOIN, NODE, digest_of, key_pem, new_key, pem, sign, subject
from core.nodes.registry import HERE, NAMES, checked, is_removed
from core.runs.workspace import NAME, locked
from core.settings.stored import read_stored, write_stored

if TYPE_CHECKING:
    from cryptography import x509

JOIN_LASTS = 24 * 3600.0  # seconds that a join file opens the door
NODE_LASTS = 365 * 24 * 3600.0  # seconds of a computer's own certificate
DESK_LASTS = 20 * NODE_LASTS
MOST_COMPUTERS = 1_000  # that are ever let in; a join file that was stolen must not fill the disk
PACKAGES = ("distributed", "cryptography")


@dataclass(frozen=True)
class JoinFile:
    """A join file that was made; times are Unix seconds."""

    id: str = ""
    made: float = 0.0
    expires: float = 0.0

    @property
    def is_valid(self) -> bool:
        """Whether it still opens the door."""
        return time.time() < self.expires


@dataclass(frozen=True)
class Enrolled:
    """A computer that has a certificate."""

    name: str = ""
    key: str = ""  # SHA-256 of its public key
    since: float = 0.0  # Unix seconds


def missing_packages() -> list[str]:
    """What has to be installed before another computer can join."""
    return [name for name in PACKAGES if importlib.util.find_spec(name) is None]


def check_packages() -> None:
    """Raises TrainDeskError where they are not installed."""
    if missing := missing_packages():
        raise TrainDeskError(
            f"Other computers need {' and '.join(missing)}; install with pip install -r requirements-nodes.txt."
        )


class Authority:
    """That of a runs folder. Reading needs nothing but files; what signs imports cryptography."""

    def __init__(self, runs_folder: Path):
        self.runs_folder = runs_folder
        self.folder = runs_folder / NAME / "nodes" / "authority"

    @property
    def exists(self) -> bool:
        """Whether a join file was ever made."""
        return (self.folder / "desk.key").is_file()

    def text(self, name: str) -> str:
        """What a file of it holds: `ca.pem`, `desk.pem`, `desk.key`. Raises TrainDeskError."""
        try:
            return (self.folder / name).read_text("ascii")
        except (OSError, ValueError) as error:
            raise TrainDeskError(
                f"{self.folder / name} cannot be read ({error}); delete that folder, then every computer joins anew."
            ) from None

    def make(self) -> None:
        """Makes it, unless it is there. Raises TrainDeskError."""
        check_packages()
        with _written(self.folder), locked(self.runs_folder, "authority"):
            if self.exists:
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            key, desk_key = new_key(), new_key()
            name = subject(f"TrainDesk {secrets.token_hex(4)}", AUTHORITY)
            certificate = sign(name, key, key.public_key(), name, DESK_LASTS)
            desk = sign(name, key, desk_key.public_key(), subject(DESK, DESK), DESK_LASTS)
            for file, text in {
                "ca.key": key_pem(key),
                "ca.pem": pem(certificate),
                "desk.pem": pem(desk),
                "desk.key": key_pem(desk_key),  # last: with it the authority exists
            }.items():
                _write_secret(self.folder / file, text)

    def new_join(self, addresses: list[str]) -> tuple[JoinFile, bytes]:
        """A join file that tells these addresses of the desk, and its bytes. Raises TrainDeskError."""
        self.make()
        now = time.time()
        join = JoinFile(secrets.token_hex(4), now, now + JOIN_LASTS)
        key = new_key()
        certificate = self._signed(key.public_key(), subject(f"join-{join.id}", JOIN), JOIN_LASTS)
        with _written(self.folder):
            (self.folder / "joins").mkdir(exist_ok=True)
            write_stored(self.folder / "joins" / f"{join.id}.json", join)
        said = {
            "traindesk": JOIN,
            "addresses": addresses,
            "expires": join.expires,
            "ca": self.text("ca.pem"),
            "certificate": certificate,
            "key": key_pem(key),
        }
        return join, json.dumps(said, indent=1).encode()

    def joins(self) -> list[JoinFile]:
        """Those that still open the door, the newest first. Those of before are forgotten. Never raises."""
        found = []
        for path in sorted(self.folder.glob("joins/*.json")):
            join = read_stored(JoinFile, path)
            if join.id == path.stem and join.is_valid:
                found.append(join)
            else:
                with contextlib.suppress(OSError):
                    remove_file(path)
        return sorted(found, key=lambda join: join.made, reverse=True)

    def revoke_join(self, identity: str) -> None:
        """From now on that join file opens nothing. Raises TrainDeskError."""
        with _written(self.folder):
            remove_file(self._join_path(identity))

    def is_open(self, identity: str) -> bool:
        """Whether the join file of that id still opens the door."""
        return read_stored(JoinFile, self._join_path(identity)).is_valid

    def enroll(self, request: str, wished: str, own: str = "") -> tuple[str, str]:
        """The name and the certificate (PEM) of a computer that sent a signing request. Raises TrainDeskError.

        Only the key is taken from the request. A name that another key has gets a number. `own` is the name of one that renews.
        """
        from cryptography import x509

        try:
            asked = x509.load_pem_x509_csr(request.encode())
        except ValueError:
            raise TrainDeskError("The request for a certificate cannot be read; join again.") from None
        if not asked.is_signature_valid:
            raise TrainDeskError("The request for a certificate is not signed by its own key; join again.")
        public = asked.public_key()
        digest = digest_of(public)
        with _written(self.folder), locked(self.runs_folder, "authority"):
            name = own or self._free_name(slug(wished), digest)
            certificate = self._signed(public, subject(name, NODE), NODE_LASTS)
            (self.folder / "enrolled").mkdir(exist_ok=True)
            if not self._key_of(name) and sum(1 for _ in (self.folder / "enrolled").iterdir()) >= MOST_COMPUTERS:
                raise TrainDeskError(
                    f"The desk has let in {MOST_COMPUTERS:,} computers, the most there may be; delete {self.folder}."
                )
            write_stored(self._enrolled_path(name), Enrolled(name, digest, time.time()))
        return name, certificate

    def is_enrolled(self, name: str) -> bool:
        """Whether a computer of that name was ever let in and was not removed."""
        return self._enrolled_path(name).is_file() and not is_removed(self.runs_folder, name)

    def _free_name(self, wished: str, digest: str) -> str:
        name, number = wished, 1
        while is_removed(self.runs_folder, name) or self._key_of(name) not in ("", digest):
            number += 1
            name = f"{wished[:36]}-{number}"
        return name

    def _key_of(self, name: str) -> str:
        return read_stored(Enrolled, self._enrolled_path(name)).key

    def _enrolled_path(self, name: str) -> Path:
        return self.folder / "enrolled" / f"{checked(name)}.json"

    def _join_path(self, identity: str) -> Path:
        return self.folder / "joins" / f"{identity if re.fullmatch('[0-9a-f]{8}', identity) else 'none'}.json"

    def _signed(self, public: Any, whose: x509.Name, lasts: float) -> str:
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key: Any = load_pem_private_key(self.text("ca.key").encode(), None)
        issuer = x509.load_pem_x509_certificate(self.text("ca.pem").encode()).subject
        return pem(sign(issuer, key, public, whose, lasts))


def slug(wished: str) -> str:
    """The name of a computer made of what it calls itself."""
    name = re.sub(r"[^a-z0-9]+", "-", wished.lower().partition(".")[0]).strip("-")[:36].strip("-")
    return name if NAMES.fullmatch(name) and name != HERE else "computer"


@contextlib.contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TrainDeskError(
            f"{folder} cannot be written ({error.strerror}); free space or check the folder."
        ) from error


def _write_secret(path: Path, text: str) -> None:
    remove_file(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(text)
