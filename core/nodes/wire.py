"""dask.distributed as the desk and its computers use it: plain values over mutual TLS, and nothing that runs what it is sent.

distributed itself unpickles what comes in, even where it says that it does not. Here messages are MessagePack and no more, of
bounded length, on both sides.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import TrainDeskError
from core.nodes.authority import check_packages
from core.nodes.desk_process import PORT

if TYPE_CHECKING:
    from distributed.security import Security

REFUSED, WHY = 3, "refused: "  # exit status of an agent that is not to be started again, and how it begins to say why
MOST_BYTES = 64 * 2**20  # of one message
PATIENCE = 5.0  # seconds for a connection
SETTINGS = {
    "distributed.comm.timeouts.connect": f"{PATIENCE}s",
    "distributed.comm.timeouts.tcp": "15s",  # after which a peer that says nothing, not even that it is there, is gone
    "distributed.comm.require-encryption": True,
    "distributed.scheduler.worker-ttl": "20s",
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.use-file-locking": False,
    "distributed.worker.memory.monitor-interval": "60s",
    "distributed.diagnostics.nvml": False,
    "distributed.admin.system-monitor.interval": "60s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.admin.system-monitor.log-length": 1,
    "distributed.admin.log-length": 10,
    "distributed.admin.low-level-log-length": 10,
    "logging": {"distributed": "error", "distributed.comm": "critical"},
}
IDLE = (
    "tick",
    "ticks",
    "shift_counters",
    "find-missing",
    "idle-timeout",
    "no-workers-timeout",
)  # who looks often, for nothing here


class Refused(TrainDeskError):
    """The other side will not have us; trying again is no use."""


def prepare(scratch: Path | None = None) -> None:
    """Imports distributed with these settings, without what unpickles. Raises TrainDeskError where it is not installed.

    `scratch`: a folder for what it wants to have one for; others must not be able to write there.
    """
    check_packages()
    try:
        import dask

        # before distributed is imported, which reads them then
        dask.config.set(SETTINGS | {"temporary-directory": str(scratch) if scratch else None})
        import distributed.comm.tcp as tcp
        from distributed import protocol
    except ImportError as error:
        raise TrainDeskError(
            f"What talks to other computers cannot be loaded ({error}); install with pip install -r requirements-nodes.txt."
        ) from error

    protocol.loads = _loads
    tcp.host_array = _bounded
    tcp.TLSListener._prepare_stream = _shaken_hands


def _loads(frames: list[Any], deserialize: bool = True, deserializers: Any = None) -> Any:
    """In place of distributed's: what is more than MessagePack is refused."""
    import msgpack

    def plain(said: dict[str, Any]) -> dict[str, Any]:
        if any(key in said for key in ("__Pickled__", "__Serialized__", "__Enum__")):
            raise EOFError("a message with more than plain values")
        return said

    return msgpack.loads(frames[0], object_hook=plain, use_list=True, strict_map_key=False, raw=False)


async def _shaken_hands(listener: Any, stream: Any, address: str) -> Any:
    """In place of distributed's, which waits for ever: whoever shows no certificate in time is hung up on."""
    try:
        await asyncio.wait_for(stream.wait_for_handshake(), PATIENCE)
    except (OSError, TimeoutError):
        stream.close()
        return None
    return stream


def _bounded(size: int) -> memoryview:
    """In place of distributed's: memory for what another computer says it will send."""
    if size > MOST_BYTES:
        raise OSError(f"a message of {size} bytes")
    return memoryview(bytearray(size))


def security(ca: str, certificate: str, key: str) -> Security:
    """Mutual TLS 1.3 with these (PEM), whatever the role. Raises TrainDeskError where they are damaged."""
    from distributed.security import Security

    found = Security(
        require_encryption=True,
        tls_min_version=ssl.TLSVersion.TLSv1_3,
        tls_ca_file=ca,
        **{f"tls_{role}_cert": certificate for role in ("scheduler", "worker", "client")},
        **{f"tls_{role}_key": key for role in ("scheduler", "worker", "client")},
    )
    try:
        if not all("-----BEGIN " in text for text in (ca, certificate, key)):  # distributed takes other text for paths
            raise ValueError("no PEM")
        found.get_connection_args("client")
    except (OSError, ValueError) as error:
        raise TrainDeskError(
            f"A certificate or its key is damaged ({error}); join again with a new join file."
        ) from error
    return found


def quiet(server: Any) -> None:
    """Takes from a server of distributed what keeps a processor busy for nothing, and its folder from where modules are found."""
    for name in IDLE:
        server.periodic_callbacks.pop(name, None)
    if server._updated_sys_path:
        sys.path.remove(server.local_directory)
        server._updated_sys_path = False


def peer_of(comm: Any) -> tuple[str, str]:
    """What the certificate at the other end is for, and whose it is; empty where there is none."""
    certificate: Mapping[str, Any] = comm.extra_info.get("peercert") or {}
    said = {kind: text for group in certificate.get("subject", ()) for kind, text in group}
    return said.get("organizationalUnitName", ""), said.get("commonName", "")


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST`, `HOST:PORT` or `[IPV6]:PORT`. Raises TrainDeskError."""
    found = re.fullmatch(r"(?:tls://)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?", address.strip())
    port = int(found[2] or PORT) if found else 0
    if not found or not 0 < port < 65536:
        raise TrainDeskError(f"'{address[:60]}' is no address of a desk; write it as 192.168.1.5:{PORT}.")
    return found[1], port


async def knock(address: str, context: ssl.SSLContext, asked: str) -> None:
    """Looks whether the desk at that address lets this certificate in. `asked` is what to say is to be done where it does not.

    Raises Refused where it never will, OSError where nobody answers now.
    """
    host, port = split_address(address)
    await asyncio.to_thread(_knock, host, port, context, asked)


def _knock(host: str, port: int, context: ssl.SSLContext, asked: str) -> None:
    """A TLS server says what it thinks of a certificate after the handshake, to whoever listens before it writes."""
    try:
        with (
            socket.create_connection((host.strip("[]"), port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=host.strip("[]")) as stream,
        ):
            if not stream.recv(1):
                raise ConnectionResetError("hung up")
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in (9, 10):  # not yet valid, expired
            raise Refused(
                f"The certificate of the desk at {host}:{port} is not valid at this computer's date; set its clock."
            ) from None
        raise Refused(f"Who answers at {host}:{port} is not the desk of this certificate; {asked}.") from None
    except ssl.SSLError as error:
        reason = (error.reason or "").replace("_", " ").lower()
        if "alert" in reason and "expired" in reason:
            raise Refused(f"The desk at {host}:{port} says that this certificate has expired; {asked}.") from None
        if "alert" in reason:
            raise Refused(f"The desk at {host}:{port} does not accept this certificate; {asked}.") from None
        if "wrong version" in reason or "http" in reason or "record layer" in reason:
            raise Refused(f"Who answers at {host}:{port} is no desk of TrainDesk; check the address.") from None
        raise ConnectionResetError(str(error)) from None
