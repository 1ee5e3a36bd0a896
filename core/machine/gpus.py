"""NVIDIA's GPUs as their driver's own library (NVML) tells of them; none where there is no such driver."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


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
    processes: Mapping[int, int | None] = field(default_factory=dict)  # process -> bytes of its memory, None: not told


def read_gpus() -> list[Gpu]:
    """Every GPU of this computer, in the driver's order. Never raises."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # no library, no driver, no permission: each has an error of its own
        return []
    try:
        return list(_read(pynvml))
    except pynvml.NVMLError:  # one that fell off its bus
        return []
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def visible_gpus() -> list[Gpu]:
    """Those that a training may use, in torch's order: CUDA_VISIBLE_DEVICES names them by number or by UUID."""
    gpus, visible = read_gpus(), os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return gpus
    found = []
    for word in filter(None, map(str.strip, visible.split(","))):
        match = next((gpu for gpu in gpus if word == str(gpu.index) or gpu.uuid.startswith(word)), None)
        if match is None:  # CUDA too ignores the rest of the list from the first name it does not know
            break
        found.append(match)
    return found


def _read(nvml: Any) -> Iterator[Gpu]:
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)

        def ask(question: str, *arguments: Any, handle: Any = handle) -> Any:
            try:
                answer = getattr(nvml, question)(handle, *arguments)
                # older versions of the library give texts as bytes
                return answer.decode() if isinstance(answer, bytes) else answer
            except nvml.NVMLError:  # this GPU or driver does not tell
                return None

        use, memory = ask("nvmlDeviceGetUtilizationRates"), ask("nvmlDeviceGetMemoryInfo")
        temperature = ask("nvmlDeviceGetTemperature", nvml.NVML_TEMPERATURE_GPU)
        power = ask("nvmlDeviceGetPowerUsage")  # milliwatts
        yield Gpu(
            index=index,
            name=ask("nvmlDeviceGetName") or f"GPU {index}",
            use=None if use is None else use.gpu / 100,
            memory_used=None if memory is None else memory.used,
            memory_total=None if memory is None else memory.total,
            temperature=None if temperature is None else float(temperature),
            power=None if power is None else power / 1000,
            uuid=ask("nvmlDeviceGetUUID") or "",
            processes={each.pid: each.usedGpuMemory for each in ask("nvmlDeviceGetComputeRunningProcesses") or ()},
        )
