"""A run in two places, with a link between them that has every fault."""

import contextlib
import os

from core.nodes import mirrored
from core.nodes.messages import Away
from core.nodes.mirror import Mirror
from core.nodes.tended import Over, TendedRun
from core.nodes.tended_note import Tended, keep_note
from core.runs.events import EventWriter
from core.runs.store import Run, create_run
from tests.core.nodes.joined import Faulty, place
from tests.helpers import quick_config


class Pair:
    """A run at the desk, and the same on a computer whose worker the test is."""

    def __init__(self, runs_folder, there, monkeypatch):
        monkeypatch.setattr(mirrored, "needs", lambda *_: [])
        self.run = create_run(quick_config(), runs_folder, sync=False)
        self.generation = place(self.run, "lab-1").generation
        self.mirror = Mirror(runs_folder, runs_folder)
        self.look()
        self.there = Run(there / self.run.id)
        self.there.folder.mkdir(parents=True)
        keep_note(self.there.folder, Tended(self.generation, launched=True))
        self.link = Faulty(self.mirror, "lab-1")
        self.log = EventWriter(self.there.event_log)
        self.tend()

    def look(self):
        self.mirror._look(scan=True)

    def tend(self):
        """As after a restart there: nothing is kept in mind."""
        self.tended = TendedRun(self.there, self.there.folder, self.link, self.generation)

    def send(self, is_over=False):
        """One look of the computer at the log and the files; what goes wrong is tried again by the next."""
        try:
            self.tended._deliver()
            assert self.there.event_log.read_bytes().startswith(self.here())
            self.tended._is_over = is_over
            self.tended._wait_for_lines = self.tended._deliver
            self.tended._send_files()
        except (Away, Over):
            pass
        assert self.there.event_log.read_bytes().startswith(self.here())

    def try_to_settle(self):
        """The same without a look at the logs."""
        self.tended._is_over = True
        self.tended._wait_for_lines = self.tended._deliver
        for _ in range(5):
            with contextlib.suppress(Away, Over):
                self.tended._deliver()
                self.tended._send_files()

    def send_all(self):
        self.link.faults.clear()
        for _ in range(20):
            self.send(is_over=True)
            if self.tended.is_settled:
                return
        raise AssertionError("it never came to an end")

    def here(self):
        return self.run.event_log.read_bytes() if self.run.event_log.exists() else b""

    def write(self, name, data):
        path = self.there.folder / name
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".tmp").write_bytes(data)
        os.replace(path.with_suffix(".tmp"), path)
