"""Who may say what to the desk, and who answers."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.errors import TrainDeskError
from core.nodes.authority import Authority
from core.nodes.certificates import JOIN, NODE
from core.nodes.hello import difference, own_versions
from core.nodes.registry import NAMES, is_removed
from core.nodes.speed import relative_speed
from core.nodes.wire import split_address

THREADS = 16  # in which messages are answered at once
LONGEST_WAIT = 20.0  # seconds for which the answer to `orders` is kept back while there is nothing new


class Office:
    """Answers the messages of computers. Whose they are is said by their certificate and by nothing else."""

    def __init__(self, runs_folder: Path, data_folder: Path, authority: Authority, mirror: Any):
        self.runs_folder, self.data_folder, self.authority, self.mirror = runs_folder, data_folder, authority, mirror
        self._greeted: set[str] = set()  # since this process began
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="answers")
        self._changed: defaultdict[str, asyncio.Event] = defaultdict(
            asyncio.Event
        )  # by computer: there may be other orders
        loop = asyncio.get_running_loop()
        mirror.listen(lambda name: loop.call_soon_threadsafe(self._changed[name].set))

    def close(self) -> None:
        """Takes no more messages."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def is_member(self, name: str) -> bool:
        """Whether a computer of that name was let in and not removed."""
        return bool(NAMES.fullmatch(name)) and self.authority.is_enrolled(name)

    async def answer(self, unit: str, name: str, address: str, method: Any, values: Any) -> dict[str, Any]:
        """{"answer": ...}; {"refused": sentence} for a peer that need not try again, {"greet": True} for one not known yet."""
        try:
            if refusal := self._refusal(unit, name):
                return {"refused": refusal}
            if not isinstance(method, str) or not isinstance(values, dict):
                raise TrainDeskError("A message that is none; install the same version on both computers.")
            if method == "hello":
                return self._hello(name, values)
            if name not in self._greeted:
                return {"greet": True}
            if method == "enroll":
                return {"answer": await self._in_thread(self._enroll, unit, name, values)}
            if unit != NODE:
                return {"refused": "A join file opens the door and no more; join with it first."}
            return {"answer": await self._message(name, address, method, values)}
        except TrainDeskError as error:
            return {"answer": {"error": str(error)}}
        except Exception as error:  # one message that fails must not end the connection, or tell more than needed
            traceback.print_exc()
            return {"answer": {"error": f"The desk could not answer '{str(method)[:40]}' ({type(error).__name__})."}}

    def _refusal(self, unit: str, name: str) -> str:
        if unit == JOIN and name.startswith("join-"):
            if not self.authority.is_open(name.removeprefix("join-")):
                return "This join file was withdrawn or has expired; ask for a new one."
            return ""
        if unit != NODE or not NAMES.fullmatch(name):
            return "This certificate is not one of a computer; join with a join file."
        if is_removed(self.runs_folder, name):
            return f"This computer, '{name}', was removed at the desk; to join again ask for a join file."
        if not self.authority.is_enrolled(name):
            return f"The desk does not know a computer '{name}'; join again with a join file."
        return ""

    def _hello(self, name: str, versions: dict[str, Any]) -> dict[str, Any]:
        if refusal := difference(own_versions(), versions):
            return {"refused": refusal}
        self._greeted.add(name)
        return {"answer": {"name": name}}

    def _enroll(self, unit: str, name: str, values: dict[str, Any]) -> dict[str, Any]:
        own = name if unit == NODE else ""
        found, certificate = self.authority.enroll(
            str(values.get("request", ""))[:8192], str(values.get("name", ""))[:100], own
        )
        return {"name": found, "certificate": certificate}

    async def _message(self, name: str, address: str, method: str, values: dict[str, Any]) -> dict[str, Any]:
        if method == "heard" and isinstance(values.get("facts"), dict):
            own = {
                "address": split_address(address)[0],
                "speed": relative_speed(self.runs_folder, values["facts"].get("speed")),
            }
            values = {"facts": values["facts"] | own}
        wait = values.pop("wait", 0) if method == "orders" else 0
        end = time.monotonic() + (min(wait, LONGEST_WAIT) if isinstance(wait, int | float) else 0)
        while True:
            changed = self._changed[name]
            changed.clear()
            answer = await self._in_thread(self.mirror.answer, name, method, values)
            if answer or time.monotonic() >= end:
                return answer
            try:  # no thread waits for it
                await asyncio.wait_for(changed.wait(), end - time.monotonic())
            except TimeoutError:
                return answer

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
