"""NVIDIA's GPUs as their driver's own library (NVML) tells of them; none where there is no such driver.

The library is opened when someone asks and stays open while others keep asking: to open it takes a tenth of a second, and wakes
a laptop's GPU. It is closed when nobody has asked for a while, as a GPU does not fall asleep while it is open; and a GPU that
sleeps is told of without being asked.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

STAYS_OPEN = 15.0  # seconds after the last question
ASKED_AGAIN = 60.0  # seconds after a failure: a driver may be loaded, or be well again
KEPT = 300.0  # seconds for which names and sizes are not asked for anew
PCI = Path("/sys/bus/pci/devices")  # of Linux, which says there which device sleeps
HIDDEN = 10**9  # bytes in use by nobody: more than any driver keeps for itself

_guard = threading.RLock()
_library: Any = None  # while it is open
_closing: threading.Timer | None = None
_failed = -float("inf")  # when, by the monotonic clock
_known: list[Gpu] = []  # as they were told of last
_known_since = -float("inf")


@dataclass(frozen=True)
class Gpu:
    """One GPU; None where its driver does not tell."""

    index: int
    name: str
    use: float | None = None  # 0..1
    memory_used: int | None = None  # bytes
    memory_total: int | None = None
    temperature: float | None = None  # degrees Celsius
    power: float | None = None  # watts
    uuid: str = ""  # its name in every process: "GPU-" and a number
    processes: Mapping[int, int | None] | None = None  # process -> bytes of its memory, None: not told
    sleeps: bool = False
    pci: str = ""  # its place, as Linux names it
    capability: tuple[int, int] | None = None  # of its architecture, (7, 5) for Turing
    driver: int | None = None  # the newest CUDA that its driver knows, 13000 for 13.0


def read_gpus() -> list[Gpu]:
    """Every GPU of this computer, in the driver's order, as it is at this moment. Never raises."""
    global _known, _known_since, _failed
    with _guard:
        if _known and all(_sleeps(gpu.pci) for gpu in _known):
            return list(map(_asleep, _known))
        nvml = _opened()
        if nvml is None:
            return []
        try:
            _known, _known_since = list(_read(nvml)), time.monotonic()
        except nvml.NVMLError:  # one that fell off its bus
            _failed = time.monotonic()
            _close()
            _known = []
        return list(_known)


def known_gpus() -> list[Gpu]:
    """The same for whoever wants names and sizes: what was told a moment ago is not asked for again."""
    with _guard:
        return list(_known) if _known and time.monotonic() - _known_since < KEPT else read_gpus()


def visible_gpus() -> list[Gpu]:
    """Those that a training may use, in torch's order: CUDA_VISIBLE_DEVICES names them by number or by UUID."""
    return visible_among(known_gpus())


def visible_among(gpus: list[Gpu]) -> list[Gpu]:
    """The same of these, which are all."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return gpus
    found = []
    for word in filter(None, map(str.strip, visible.split(","))):
        match = next((gpu for gpu in gpus if word == str(gpu.index) or gpu.uuid.startswith(word)), None)
        if match is None:  # CUDA too ignores the rest of the list from the first name it does not know
            break
        found.append(match)
    return found


def forget_gpus() -> None:
    """Closes the library; the next question is answered as if it were the first."""
    global _failed, _known, _known_since
    with _guard:
        _close()
        _failed = _known_since = -float("inf")
        _known = []


def _opened() -> Any:
    """The library, open; None without it, without a driver, or a while after it failed."""
    global _library, _closing, _failed
    if _library is None:
        if time.monotonic() - _failed < ASKED_AGAIN:
            return None
        try:
            import pynvml

            pynvml.nvmlInit()
        except Exception:  # no library, no driver, no permission: each has an error of its own
            _failed = time.monotonic()
            return None
        _library = pynvml
    if _closing is not None:
        _closing.cancel()
    _closing = threading.Timer(STAYS_OPEN, _close_unasked)
    _closing.daemon = True
    _closing.start()
    return _library


def _close_unasked() -> None:
    with _guard:
        if threading.current_thread() is _closing:  # nobody has asked in the meantime
            _close()


def _close() -> None:
    global _library, _closing
    library, _library = _library, None
    if _closing is not None:
        _closing.cancel()
        _closing = None
    if library is not None:
        with contextlib.suppress(library.NVMLError):
            library.nvmlShutdown()


def _sleeps(pci: str) -> bool:
    try:
        return bool(pci) and (PCI / pci / "power" / "runtime_status").read_text(encoding="ascii").strip() == "suspended"
    except OSError:  # not Linux, or a kernel that does not say
        return False


def _asleep(gpu: Gpu) -> Gpu:
    """What is known of it without waking it; nobody has memory on it."""
    return replace(gpu, use=None, memory_used=None, temperature=None, power=None, processes={}, sleeps=True)


def _read(nvml: Any) -> Iterator[Gpu]:
    asleep = {gpu.index: gpu for gpu in _known if _sleeps(gpu.pci)}
    for index in range(nvml.nvmlDeviceGetCount()):
        if index in asleep:
            yield _asleep(asleep[index])
            continue
        handle = nvml.nvmlDeviceGetHandleByIndex(index)

        def ask(question: str, *arguments: Any) -> Any:
            try:
                answer = getattr(nvml, question)(*arguments)
                # older versions of the library give texts as bytes
                return answer.decode() if isinstance(answer, bytes) else answer
            except (nvml.NVMLError, AttributeError):  # this GPU, driver or library does not tell
                return None

        use, memory = ask("nvmlDeviceGetUtilizationRates", handle), ask("nvmlDeviceGetMemoryInfo", handle)
        temperature = ask("nvmlDeviceGetTemperature", handle, nvml.NVML_TEMPERATURE_GPU)
        power = ask("nvmlDeviceGetPowerUsage", handle)  # milliwatts
        capability = ask("nvmlDeviceGetCudaComputeCapability", handle)
        used = None if memory is None else memory.used
        yield Gpu(
            index=index,
            name=ask("nvmlDeviceGetName", handle) or f"GPU {index}",
            use=None if use is None else use.gpu / 100,
            memory_used=used,
            memory_total=None if memory is None else memory.total,
            temperature=None if temperature is None else float(temperature),
            power=None if power is None else power / 1000,
            uuid=ask("nvmlDeviceGetUUID", handle) or "",
            processes=_processes(ask("nvmlDeviceGetComputeRunningProcesses", handle), used),
            pci=_pci_name(ask("nvmlDeviceGetPciInfo", handle)),
            capability=None if capability is None else (capability[0], capability[1]),
            driver=ask("nvmlSystemGetCudaDriverVersion"),
        )


def _processes(told: Any, used: int | None) -> dict[int, int | None] | None:
    """Who has memory on a GPU. None in a container that does not see who, or sees them by numbers that mean others here."""
    if told is None or (not told and (used or 0) > HIDDEN):
        return None
    found = {each.pid: each.usedGpuMemory for each in told}
    return found if all(map(psutil.pid_exists, found)) else None


def _pci_name(told: Any) -> str:
    """ "00000000:01:00.0" of the driver is "0000:01:00.0" of Linux."""
    name = getattr(told, "busId", "")
    name = name.decode() if isinstance(name, bytes) else name
    return str(name)[-len("0000:01:00.0") :].lower()
