"""A computer's way to its desk: one handler that is called, from any thread, over as many connections as are needed at once."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from core.nodes.hello import own_versions
from core.nodes.wire import PATIENCE, Refused, knock, split_address

if TYPE_CHECKING:
    from distributed.core import ConnectionPool
    from distributed.security import Security

T = TypeVar("T")
ANSWER = 60.0  # seconds for an answer; one to `orders` may take 20
BRIEFLY = 2.0  # seconds for which a call waits for a desk that is away
FIRST_DELAY, LONGEST_DELAY = 0.25, 5.0  # seconds between two tries to reach it
MOST_COMMS = 64  # connections at once


class DeskLink:
    """Reaches the desk again and again while it is away, and ends with one sentence when it will not have us.

    To be made and closed in the loop of one thread; `call` is for the others.
    """

    def __init__(self, addresses: list[str], security: Security, remedy: str, say: Callable[[str], None] = print):
        """`addresses` of the desk, HOST:PORT, the likeliest first; `remedy` for a certificate that is not accepted.

        Raises TrainDeskError for an address that is none.
        """
        addresses = ["{}:{}".format(*split_address(address)) for address in addresses]
        self.addresses, self.security, self.remedy, self.say = addresses, security, remedy, say
        self.address = ""  # where the desk answered last
        self.refusal: Refused | None = None
        self.is_over = asyncio.Event()  # refused, or closed
        self.in_touch = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._connecting: asyncio.Task | None = None
        self._pool: ConnectionPool | None = None
        self._arguments = security.get_connection_args("client")

    async def __aenter__(self) -> DeskLink:
        from distributed.core import ConnectionPool

        self._pool = ConnectionPool(limit=MOST_COMMS, connection_args=self._arguments, timeout=PATIENCE)
        await self._pool.start()
        self.reach()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_over.set()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._pool is not None:
            await self._pool.close()

    def call(self, method: str, **values: Any) -> dict[str, Any]:
        """The desk's answer. Raises ConnectionError when the desk is away: then nobody knows whether it heard."""
        try:
            future = asyncio.run_coroutine_threadsafe(self.ask(method, values), self._loop)
        except RuntimeError:
            raise ConnectionAbortedError("the way to the desk is closed") from None
        try:
            return future.result(ANSWER + BRIEFLY + PATIENCE)
        except (TimeoutError, concurrent.futures.CancelledError):
            future.cancel()
            raise ConnectionAbortedError("the desk did not answer") from None

    async def ask(self, method: str, values: dict[str, Any]) -> dict[str, Any]:
        """The same in the link's own loop."""
        if self.is_over.is_set():
            raise ConnectionAbortedError("the way to the desk is closed")
        try:
            await asyncio.wait_for(self.in_touch.wait(), BRIEFLY)
            said = await self._unless_over(self._say(self.address, method, values))
        except (TimeoutError, OSError) as error:
            self.reach()
            raise ConnectionAbortedError(f"the desk is away ({error})") from None
        if said.get("greet"):  # it is another process than the one that knew us
            self.reach()
            raise ConnectionAbortedError("the desk has begun anew")
        if "refused" in said:
            self._end(Refused(said["refused"]))
            raise ConnectionAbortedError(said["refused"])
        return said["answer"]

    async def wait(self) -> None:
        """Until the desk is in touch, or it is over."""
        with contextlib.suppress(ConnectionError):
            await self._unless_over(self.in_touch.wait())

    async def _unless_over(self, work: Coroutine[Any, Any, T]) -> T:
        """What it gives; nobody waits for an answer to orders, which takes long, when it is over. Raises ConnectionError then."""
        working, ending = asyncio.create_task(work), asyncio.create_task(self.is_over.wait())
        try:
            await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise ConnectionAbortedError("the way to the desk is closed")
        finally:
            working.cancel()
            ending.cancel()

    def reach(self) -> None:
        """Finds the desk again, unless that is under way."""
        if (self._connecting is None or self._connecting.done()) and not self.is_over.is_set():
            self.in_touch.clear()
            self._connecting = asyncio.create_task(self._reach())

    async def _reach(self) -> None:
        try:
            await self._try()
        except Refused as refusal:
            self._end(refusal)
        except Exception as error:  # else everybody would wait for ever
            self._end(Refused(f"The desk could not be reached ({type(error).__name__}: {error})."))

    async def _try(self) -> None:
        """Until it is in touch. Raises Refused."""
        delay, told = FIRST_DELAY, False
        while True:
            for address in dict.fromkeys([self.address or self.addresses[0], *self.addresses]):
                try:
                    await knock(address, self._arguments["ssl_context"], self.remedy)
                    said = await self._say(address, "hello", own_versions())
                except (TimeoutError, OSError):
                    continue
                if "refused" in said:
                    raise Refused(said["refused"])
                self.address = address
                self.in_touch.set()
                if told:
                    self.say(f"The desk at {address} is back.")
                return
            if not told and delay > FIRST_DELAY:  # a desk that starts anew is there within a second
                told = True
                self.say(f"The desk at {' or '.join(self.addresses)} does not answer; waiting for it.")
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)

    async def _say(self, address: str, method: str, values: dict[str, Any]) -> dict[str, Any]:
        assert self._pool is not None
        said = await asyncio.wait_for(self._pool(f"tls://{address}").traindesk(method=method, values=values), ANSWER)
        if not isinstance(said, dict):
            raise ConnectionAbortedError("an answer that is none")
        return said

    def _end(self, refusal: Refused) -> None:
        self.refusal = self.refusal or refusal
        with contextlib.suppress(RuntimeError):
            self.is_over.set()
