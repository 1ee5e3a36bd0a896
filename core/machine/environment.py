"""The environment of processes that compute: what libraries read when a process starts."""

from __future__ import annotations

import os


def worker_environment() -> dict[str, str]:
    """This process's environment with glibc told to keep freed memory, threads to wait less eagerly, CUDA to number
    GPUs as nvidia-smi does and to have the room in which its sums can be repeated, and what Apple's GPU cannot compute left
    to the processor.

    By default glibc returns big tensors to the kernel at every step and takes them anew: 1.15 to 1.33 times slower for
    small convolutional networks. And by default a thread that waits for another keeps its core busy for long, which is worst
    when something else needs the core. Spinning 10,000 times instead of 300,000 is as fast on an idle computer (1.05 for the
    MLP on two threads) and 3 to 5 times faster on a crowded one; not spinning at all is faster still there, but slows an
    idle one down to 0.35.
    """
    return {
        "GOMP_SPINCOUNT": "10000",
        "MALLOC_MMAP_THRESHOLD_": "1073741824",
        "MALLOC_TRIM_THRESHOLD_": "2147483647",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
        "PYTORCH_ENABLE_MPS_FALLBACK": "1",
        **os.environ,
        "PYTHONUNBUFFERED": "1",
    }
