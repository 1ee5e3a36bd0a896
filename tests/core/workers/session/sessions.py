"""What the tests of a session share: runs of a moment, and asking for something at an event."""

from core.runs.store import create_run
from core.training.checkpoints import load_checkpoint
from tests.core.training.trained import plain
from tests.helpers import quick_config

QUICK = {"batch_size": 300}  # 5 steps an epoch


def at(kind, request, **values):
    """A listener that asks for something at the first event of a kind with these values."""
    asked = []

    def listen(event):
        if event["event"] == kind and values.items() <= event.items() and not asked:
            asked.append(event)
            request()

    return listen


def new(runs_folder, **settings):
    return create_run(quick_config(**{**QUICK, **settings}), runs_folder)


def everything(path):
    """All of a checkpoint but the config it was made with, its metrics, which a pause in an epoch leaves out, and how many
    pictures are validated within an epoch, which depends on the clock."""
    content = {key: value for key, value in load_checkpoint(path).items() if key not in ("config", "metrics")}
    content["resume"] = {key: value for key, value in content.get("resume", {}).items() if key != "part"}
    return plain(content)
