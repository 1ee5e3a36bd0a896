"""Sharing the dashboard on a network: who may come in, and as whom.

Two passwords: guests train and change what is theirs; the host may change everything. Both stand in the environment, so that they
are in no file and on no command line: `TRAINDESK_PASSWORD` and `TRAINDESK_HOST_PASSWORD`. Without them nothing is shared.
"""

from __future__ import annotations

import hmac
import os
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.errors import TrainDeskError
from core.paths import runs_folder
from core.runs.workspace import workspace_folder

PASSWORD, HOST_PASSWORD = "TRAINDESK_PASSWORD", "TRAINDESK_HOST_PASSWORD"
SHORTEST = 8  # characters of a password
LASTS = 30 * 24 * 3600  # seconds that a browser stays known
MOST_WRONG, MOST_WRONG_OF_ALL = 5, 60  # wrong passwords of one address, and of all, within WAIT
WAIT = 60.0  # seconds


class LogInRefused(TrainDeskError):
    """A wrong password, or too many of them."""


@dataclass(frozen=True)
class Guest:
    """Someone who gave a password: a random name that stays the same in this browser."""

    id: str
    is_host: bool


@dataclass
class Authenticator:
    """Lets people in. `key` signs what a browser keeps; whoever has no password cannot make one up."""

    password: str
    host_password: str
    key: bytes
    _wrong: dict[str, deque[float]] = field(default_factory=dict)  # address -> when, and "" for all

    def __post_init__(self) -> None:
        for name, password in ((PASSWORD, self.password), (HOST_PASSWORD, self.host_password)):
            if len(password) < SHORTEST:
                raise TrainDeskError(
                    f"{name} has {len(password)} characters; it needs at least {SHORTEST}, so choose a longer one."
                )
        if hmac.compare_digest(self.password.encode(), self.host_password.encode()):
            raise TrainDeskError(f"{PASSWORD} and {HOST_PASSWORD} are the same; choose another one for the host.")

    def log_in(self, password: str, address: str, now: float | None = None) -> str:
        """The token for someone's browser. Raises LogInRefused."""
        now = time.monotonic() if now is None else now
        for who, most in ((address, MOST_WRONG), ("", MOST_WRONG_OF_ALL)):
            tries = self._wrong.get(who, deque())
            while tries and now - tries[0] > WAIT:
                tries.popleft()
            if len(tries) >= most:
                raise LogInRefused(f"Too many wrong passwords; try again in {WAIT:.0f} seconds.")
        given = password.encode()
        is_host = hmac.compare_digest(given, self.host_password.encode())
        if not (is_host or hmac.compare_digest(given, self.password.encode())):
            self._note_wrong(address, now)
            raise LogInRefused("That is not the password; ask the host for it.")
        return self._signer(is_host).dumps({"id": secrets.token_hex(8), "host": is_host})

    def guest(self, token: str) -> Guest | None:
        """Whose token it is; None for one that is not ours, too old, or from before the password was changed."""
        for is_host in (True, False):
            try:
                data = self._signer(is_host).loads(token, max_age=LASTS)
                return Guest(data["id"], is_host)
            except (BadSignature, KeyError, TypeError):
                continue
        return None

    def _signer(self, is_host: bool) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt=f"host {self.host_password}" if is_host else self.password)

    def _note_wrong(self, address: str, now: float) -> None:
        if len(self._wrong) > 1000:  # of addresses that nobody used for a while
            self._wrong = {who: tries for who, tries in self._wrong.items() if tries and now - tries[-1] <= WAIT}
        for who in (address, ""):
            self._wrong.setdefault(who, deque(maxlen=MOST_WRONG_OF_ALL)).append(now)


@lru_cache(maxsize=1)
def current_authenticator() -> Authenticator | None:
    """The one of this process; None when nothing is shared. Raises TrainDeskError when the passwords are no good."""
    if not (os.environ.get(PASSWORD) or os.environ.get(HOST_PASSWORD)):
        return None
    return Authenticator(os.environ.get(PASSWORD, ""), os.environ.get(HOST_PASSWORD, ""), _key(runs_folder()))


def required_authenticator() -> Authenticator:
    """The one of a dashboard that is shared. Raises TrainDeskError when there are no passwords."""
    if (found := current_authenticator()) is None:
        raise TrainDeskError("A shared dashboard needs passwords; start it with make share.")
    return found


def _key(folder: Path) -> bytes:
    """Random, made once for a folder of runs and readable by its owner alone. Raises TrainDeskError."""
    path = workspace_folder(folder) / "key"
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
