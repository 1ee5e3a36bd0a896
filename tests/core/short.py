"""What machines say when their memory is short, and networks that have room for so many pictures at a time."""

import errno

import pytest
import torch
from torch import nn

PAGING = OSError("The paging file is too small for this operation to complete")
PAGING.winerror = 1455
WORDINGS = {
    "CUDA": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    "CUDA error": RuntimeError("CUDA error: out of memory"),
    "CUDA runtime": RuntimeError("cudaErrorMemoryAllocation"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "cuDNN": RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    "cuDNN 9": RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED"),
    "Apple": RuntimeError("MPS backend out of memory (MPS allocated: 17.93 GB, max allowed: 18.13 GB)"),
    "Linux": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 400000000000000 bytes."),
    "Windows": RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 602112000 bytes."),
    "C++": RuntimeError("std::bad_alloc"),
    "Windows C++": RuntimeError("bad allocation"),
    "paging file": PAGING,
    "numpy": MemoryError("Unable to allocate 2.4 GiB for an array with shape (60000, 3, 60, 60)"),
    "system": OSError(errno.ENOMEM, "Cannot allocate memory"),
}
KINDS = ("CUDA", "Linux", "paging file", "numpy", "system")  # torch's own, RuntimeError, Windows', MemoryError, OSError
EACH_KIND = pytest.mark.parametrize(  # test_memory knows all wordings; what catches them differs by the errors' classes
    "error", [WORDINGS[name] for name in KINDS], ids=KINDS
)


class Roomy(nn.Module):
    """A network with room for `most` pictures at a time; it keeps what sizes were asked of it, and those that fitted."""

    def __init__(self, within, most, error):
        super().__init__()
        self.within, self.most, self.error, self.asked = within, most, error, []

    def forward(self, inputs):
        self.asked.append(len(inputs))
        if len(inputs) > self.most:
            raise self.error
        return self.within(inputs)
