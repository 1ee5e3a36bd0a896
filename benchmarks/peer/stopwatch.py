"""Times a round inside a peer's running fit, so that setting the fit up is not counted."""

from __future__ import annotations

import time

WARM_STEPS = 8  # the first steps of each fit are not counted: prefetching fills up, progress bars appear


class Stopwatch:
    """Runs from the end of step `WARM_STEPS` to the end of step `WARM_STEPS + steps`. Call `tick` at each step's end."""

    def __init__(self, steps: int):
        self.steps = steps
        self.done = 0
        self.started = self.ended = 0.0

    def is_due(self, steps: int = 1) -> bool:
        """The next tick starts or stops the time: what still computes in the background has to finish first."""
        return self.done + steps in (WARM_STEPS, WARM_STEPS + self.steps)

    def tick(self, steps: int = 1) -> bool:
        """So many more steps are done. True when the round is over."""
        self.done += steps
        if self.done == WARM_STEPS:
            self.started = time.perf_counter()
        elif self.done == WARM_STEPS + self.steps:
            self.ended = time.perf_counter()
        return self.done >= WARM_STEPS + self.steps

    def rate(self, batch_size: int) -> float:
        """Images per second. Raises RuntimeError if the fit ended early or its ticks jumped over an end."""
        if not self.started or not self.ended:
            raise RuntimeError(
                f"the fit was not timed: it ended after {self.done} of {WARM_STEPS} + {self.steps} steps"
            )
        return self.steps * batch_size / (self.ended - self.started)
