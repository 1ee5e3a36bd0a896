"""A run as a plain PyTorch script: what the clicks did, to be read, run and changed without TrainDesk."""
