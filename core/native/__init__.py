"""Kernels that are made for this processor while the program runs, by LLVM: nobody needs a compiler."""
