"""What a run's process uses at this moment: processor, memory, and each GPU that it computes on."""

from __future__ import annotations

from core.runs.placement import placement_of
from core.runs.store import Run
from core.text.numbers import UNKNOWN, bytes_in_words, percent
from core.workers.monitor import System


def usage_facts(run: Run, now: System, device: str) -> list[tuple[str, str, str]]:
    """Always the same for a device, as the log names it, so that the page does not jump when numbers arrive. None of a run that
    another computer trains."""
    if placement_of(run.folder).computer:
        return []
    usage = next((usage for usage in now.processes if usage.is_run and usage.what == run.id), None)
    cores = f"{usage.processor:.1f} cores" if usage and usage.processor is not None else UNKNOWN
    of_all = f"of {len(now.cores):,}, " if now.cores else ""
    memory = f"{bytes_in_words(usage.memory) if usage else UNKNOWN} of {bytes_in_words(now.memory_total)} memory"
    found = [("Uses now", cores, of_all + memory)]
    if not device.startswith("cuda"):
        return found
    told = [(gpu, gpu.processes) for gpu in now.gpus if gpu.processes is not None]
    own = [(gpu, processes[usage.pid]) for gpu, processes in told if usage and usage.pid in processes]
    for gpu, used in own:
        whole = gpu.memory_total
        more = [f"{bytes_in_words(used)}{f' of {bytes_in_words(whole)}' if whole else ''}" if used is not None else ""]
        more.append(f"{gpu.temperature:.0f} °C" if gpu.temperature is not None else "")
        found.append((f"GPU {gpu.index}", percent(gpu.use, 0), ", ".join(filter(None, more))))
    return found if own else [*found, ("GPU", UNKNOWN, "")]
