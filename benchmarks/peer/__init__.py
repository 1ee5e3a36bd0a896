"""The other ways to train the tutorials' networks, a file for each; `benchmarks.peers` runs them beside the engine.

A file's `training_round(recipe, steps, variant, folder)` returns a function that trains `steps` batches and returns images
per second; `folder` holds what `arrays.prepare` wrote for the recipe. `variant` is one of:

- "documented": as the peer's own documentation writes it, with its default progress bar, metrics and logging.
- "best": everything that one can pass without rewriting model or loop: ready batches from memory, progress bar, metrics
  and logging off, channels-last memory for the networks with convolutions (see `models.py`).
- "best, bfloat16": the same with the peer's own switch for mixed precision.
"""
