"""Sharing the dashboard on a network: who may come in, and as whom.

Two passwords: guests train and change what is theirs; the host may change everything. Both come in the environment, so that they
are in no file and on no command line: `TRAINDESK_PASSWORD` and `TRAINDESK_HOST_PASSWORD`. Without them nothing is shared. The
server takes them out of its environment, so that no process it starts has them.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import secrets
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.errors import TrainDeskError
from core.paths import runs_folder
from core.runs.workspace import workspace_folder
from core.settings.stored import read_stored, write_stored

PASSWORD, HOST_PASSWORD = "TRAINDESK_PASSWORD", "TRAINDESK_HOST_PASSWORD"
SHORTEST = 8  # characters of a password
LASTS = 30 * 24 * 3600  # seconds that a browser stays known
PASS_LASTS = 24 * 3600  # seconds in which something that was given away can be fetched
FREE = 5  # wrong passwords of one address within WAIT; each try after them has to wait for its turn
WAIT = 60.0  # seconds
TURN = 5.0  # seconds between the turns of an address


class LogInRefused(TrainDeskError):
    """A wrong password, or too many of them."""


@dataclass(frozen=True)
class Guest:
    """Someone who gave a password: a random name that stays the same in this browser."""

    id: str
    is_host: bool


@dataclass(frozen=True)
class LoggedOut:
    """What the file `logged_out` holds: guests who are gone, and since when in Unix seconds."""

    since: dict[str, float] = field(default_factory=dict)


@dataclass
class Authenticator:
    """Lets people in. `key` signs what a browser keeps; whoever has no password cannot make one up."""

    password: str
    host_password: str
    key: bytes
    logged_out_file: Path | None = None  # None: those who left are known to this process alone
    _wrong: dict[str, deque[float]] = field(default_factory=dict)  # address -> when it gave a wrong one
    _turns: dict[str, float] = field(default_factory=dict)  # address -> the last turn that was given
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        for name, password in ((PASSWORD, self.password), (HOST_PASSWORD, self.host_password)):
            if len(password) < SHORTEST:
                raise TrainDeskError(
                    f"{name} has {len(password)} characters; it needs at least {SHORTEST}, so choose a longer one."
                )
        if hmac.compare_digest(self.password.encode(), self.host_password.encode()):
            raise TrainDeskError(f"{PASSWORD} and {HOST_PASSWORD} are the same; choose another one for the host.")
        self._logged_out = dict(read_stored(LoggedOut, self.logged_out_file).since) if self.logged_out_file else {}

    def turn(self, address: str, now: float | None = None) -> float:
        """Seconds for which a try from this address has to wait before it is looked at: 0 until too many were wrong.

        Nobody waits for the wrong ones of others, so the right password always opens. Raises LogInRefused where more tries of
        the address wait already than have their turn within a minute.
        """
        now, address = time.monotonic() if now is None else now, _network(address)
        with self._guard:
            tries = self._wrong.get(address, deque())
            while tries and now - tries[0] > WAIT:
                tries.popleft()
            if len(tries) < FREE:
                return 0.0
            turn = max(now, self._turns.get(address, now)) + TURN
            if turn - now > WAIT:
                raise LogInRefused(f"Too many wrong passwords from where you are; try again in {WAIT:.0f} seconds.")
            self._turns[address] = turn
            return turn - now

    def log_in(self, password: str, address: str, now: float | None = None) -> str:
        """The token for someone's browser, when it is its `turn`. Raises LogInRefused."""
        given = password.encode("utf-8", "replace")
        is_host = hmac.compare_digest(given, self.host_password.encode())
        if not (is_host or hmac.compare_digest(given, self.password.encode())):
            self._note_wrong(_network(address), time.monotonic() if now is None else now)
            raise LogInRefused("That is not the password; ask the host for it.")
        return self._signer(is_host).dumps({"id": secrets.token_hex(8), "host": is_host})

    def log_out(self, token: str) -> None:
        """From now on this token is nobody's, also in another browser and after the server has started anew."""
        if (guest := self.guest(token)) is None:
            return
        with self._guard:
            oldest = time.time() - LASTS  # tokens of before have ended by themselves
            self._logged_out = {who: since for who, since in self._logged_out.items() if since > oldest}
            self._logged_out[guest.id] = time.time()
            if self.logged_out_file is not None:
                with contextlib.suppress(OSError):  # on a full disk this process knows it all the same
                    write_stored(self.logged_out_file, LoggedOut(self._logged_out))

    def guest(self, token: str) -> Guest | None:
        """Whose token it is; None for one that is not ours, too old, logged out, or from before the password was changed."""
        for is_host in (True, False):
            try:
                data = self._signer(is_host).loads(token, max_age=LASTS)
                return None if data["id"] in self._logged_out else Guest(data["id"], is_host)
            except (BadSignature, KeyError, TypeError):
                continue
        return None

    def pass_for(self, what: str) -> str:
        """A token that opens this one thing for PASS_LASTS to whoever has it, without a password."""
        return self._pass_signer().dumps(what)

    def opened_by(self, token: str) -> str | None:
        """What a `pass_for` opens; None for one that is not ours or too old."""
        try:
            return str(self._pass_signer().loads(token, max_age=PASS_LASTS))
        except BadSignature:
            return None

    def _pass_signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt="taken along")

    def _signer(self, is_host: bool) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt=f"host {self.host_password}" if is_host else self.password)

    def _note_wrong(self, address: str, now: float) -> None:
        with self._guard:
            if len(self._wrong) > 1000:  # of addresses that nobody used for a while
                self._wrong = {who: tries for who, tries in self._wrong.items() if tries and now - tries[-1] <= WAIT}
                self._turns = {who: turn for who, turn in self._turns.items() if who in self._wrong}
            self._wrong.setdefault(address, deque(maxlen=FREE)).append(now)


def _network(address: str) -> str:
    """Whose tries are counted together: an address, of IPv6 the network of 2**64 that whoever has one of them has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))


@lru_cache(maxsize=1)
def current_authenticator() -> Authenticator | None:
    """The one of this process; None when nothing is shared. Raises TrainDeskError when the passwords are no good."""
    if not (os.environ.get(PASSWORD) or os.environ.get(HOST_PASSWORD)):
        return None
    folder = workspace_folder(runs_folder())
    password, host_password = (os.environ.get(name, "") for name in (PASSWORD, HOST_PASSWORD))
    return Authenticator(password, host_password, _key(folder), folder / "logged_out")


def take_authenticator() -> Authenticator:
    """The one of a dashboard that is shared; from now on its passwords are in no environment that this process hands on.

    Raises TrainDeskError when there are no passwords.
    """
    if (found := current_authenticator()) is None:
        raise TrainDeskError("A shared dashboard needs passwords; start it with make share.")
    for name in (PASSWORD, HOST_PASSWORD):
        os.environ.pop(name, None)
    return found


def _key(workspace: Path) -> bytes:
    """Random, made once for a folder of runs and readable by its owner alone. Raises TrainDeskError."""
    path = workspace / "key"
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    except OSError as error:
        raise TrainDeskError(f"{path} cannot be written ({error.strerror}); free space or check the folder.") from error
    key = path.read_bytes()
    if len(key) < 32:
        raise TrainDeskError(f"{path} is damaged; delete it, then everybody logs in anew.")
    return key
