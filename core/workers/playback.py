"""Slow motion and single steps: how a worker waits between two steps, and still does at once what people ask."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.runs.playback import Playback
from core.runs.requests import Requests

LOOK_SECONDS = 0.05  # between two looks at what is asked for meanwhile


class PlaybackClock:
    """Follows the speed that is asked for, by default that of the settings.

    epoch_seconds: of the settings; share: of the epoch under way that is done already, 0..1.
    changed: told a new speed, before the next step, and whether it goes step by step; held: seconds that it waited for people.
    """

    def __init__(
        self,
        requests: Requests,
        epoch_seconds: float,
        share: float,
        changed: Callable[[Playback], None],
        held: Callable[[float], None],
    ):
        self._requests, self._changed, self._held = requests, changed, held
        self._planned = self._playback = Playback(epoch_seconds)
        self._begun = time.monotonic() - epoch_seconds * share  # when the epoch would have begun at this speed

    def epoch_begins(self) -> None:
        """The next step is the first of an epoch."""
        self._begun = time.monotonic()

    def wait(self, step: int, share: float, may_hold: bool, meanwhile: Callable[[], object]) -> None:
        """Waits after a step until the next one is due, or until an end is asked for.

        `share` of the epoch is done. `meanwhile` is called again and again while it waits for people.
        """
        is_held, since = False, 0.0
        while self._requests.end() is None:
            self._follow(share)
            if may_hold and self._playback.until is not None and step >= self._playback.until:
                meanwhile()
                if not is_held:
                    is_held, since = True, time.monotonic()
                time.sleep(LOOK_SECONDS)
                continue
            if is_held:
                break
            if (left := self._begun + self._playback.epoch_seconds * share - time.monotonic()) <= 0:
                return
            time.sleep(min(left, LOOK_SECONDS))
        if is_held:
            self._begun = time.monotonic() - self._playback.epoch_seconds * share
            self._held(time.monotonic() - since)

    def _follow(self, share: float) -> None:
        playback, before = self._requests.playback() or self._planned, self._playback
        self._playback = playback
        if playback.epoch_seconds != before.epoch_seconds:
            self._begun = time.monotonic() - playback.epoch_seconds * share
        if (playback.epoch_seconds, playback.until is None) != (before.epoch_seconds, before.until is None):
            self._changed(playback)
