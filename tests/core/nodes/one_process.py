"""A desk, its computers and their workers in one process: the workers are threads."""

import threading

from core.nodes import tended
from core.nodes.mirror import Mirror
from core.runs.placement import placement_of
from core.runs.store import Run, create_run
from tests.core.nodes.joined import FakeWorkers, shepherd_of
from tests.helpers import quick_config, wait_until


class Room:
    """A desk, its computers and their workers."""

    def __init__(self, runs_folder, folder, monkeypatch):
        self.runs_folder, self.folder = runs_folder, folder
        self.mirror = Mirror(runs_folder, runs_folder / "data")
        self.mirror.start()
        self.shepherds = {}
        self.workers = FakeWorkers(self.work)
        self.go = threading.Event()  # the workers train on to their end
        monkeypatch.setattr(tended, "launch", self.workers)

    def work(self, run, write):
        """Until someone asks for an end, or they may go on."""
        write("started", of=run.folder.parent.parent.name)
        while not self.go.wait(0.01):
            if run.learning_rate_request.exists():
                write("learning_rate", learning_rate=float(run.learning_rate_request.read_text()))
                run.learning_rate_request.unlink()
            for request, end in ((run.stop_request, "stopped"), (run.pause_request, "paused")):
                if request.exists():
                    run.last.write_bytes(b"so far")
                    write(end, message=f"It has {end}.")
                    return
            if not run.folder.exists():
                return
        run.best.write_bytes(b"network")
        write("finished", message="Trained.")

    def computer(self, name, away=False):
        self.shepherds[name] = shepherd_of(self.mirror, self.folder, name)
        self.link(name).away = away
        self.shepherds[name].start()
        return self.shepherds[name]

    def restart(self, name):
        """Its shepherd is killed and begins anew."""
        self.stop(name)
        return self.computer(name)

    def stop(self, name):
        self.link(name).close()
        self.shepherds.pop(name).stop()

    def link(self, name):
        return self.shepherds[name]._link

    def until_heard(self, name="lab-1"):
        """Waits until a computer has done what the desk has for it by now: then it asks anew."""
        link = self.link(name)
        asked = lambda: [method for method, _ in list(link.calls)].count("orders")  # noqa: E731
        now = asked()
        wait_until(lambda: asked() >= now + 2)

    def until_tended(self, name="lab-1"):
        """Waits until a computer tends its run: it says more than that it asks, after it has looked whether a worker is there."""
        link = self.link(name)
        wait_until(lambda: {method for method, _ in list(link.calls)} - {"orders", "heard"})

    def create(self, **settings):
        return create_run(quick_config(**settings), self.runs_folder, sync=False)

    def there(self, run, name="lab-1"):
        return Run(self.folder / name / "runs" / run.id)

    def is_training(self, run, name="lab-1"):
        return run.status().name == "running" and self.there(run, name).worker_is_alive()

    def end(self):
        self.go.set()
        for name in list(self.shepherds):
            self.stop(name)
        self.mirror.stop()
        for thread in self.workers.threads:
            thread.join()


def is_settled(run):
    return placement_of(run.folder).settled
