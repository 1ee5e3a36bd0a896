"""The commands that train and that reach into a training: train from a file, resume, pause, stop, adjust, forecast."""

import json

import pytest
from filelock import FileLock

from core.recipes import find_recipe
from core.runs.events import EventWriter
from core.runs.history import History
from core.runs.store import create_run, list_runs
from core.workers import worker
from tests.core.running import same_weights
from tests.helpers import assert_one_sentence, document, quick_config

FAST = ["dataset=digits", "epochs=2", "device=cpu", "architecture=mlp", "hidden=16"]


@pytest.fixture
def paused_run(runs_folder, tmp_path, monkeypatch):
    """A run of four epochs that was paused before its second began."""
    run = create_run(quick_config(epochs=4, optimizer={"name": "sgd", "learning_rate": 0.1}), runs_folder)
    with monkeypatch.context() as patch:
        patch.setattr("core.runs.requests.POLL_SECONDS", 0)

        def listen(event):
            if event["event"] == "epoch":
                run.request_pause()

        assert worker.work(run, tmp_path / "data", listen)["event"] == "paused"
    return run


@pytest.fixture
def running_run(runs_folder):
    """A run whose worker is at work: another holds its lock."""
    run = create_run(quick_config(), runs_folder)
    EventWriter(run.event_log).write("started", total_steps=21)
    with FileLock(run.worker_lock, thread_local=False):
        yield run


def refused(result, expected_status, *parts):
    status, out, err = result
    assert status == expected_status
    assert_one_sentence(err.strip(), *parts)
    if out:
        assert document(out) == {"error": err.strip()}


# --- train from a file -----------------------------------------------------------------------------------------------


def test_train_takes_a_config_file(call, runs_folder, tmp_path):
    config = quick_config(epochs=5, title="From a file", schedule="cosine")
    (tmp_path / "mine.json").write_text(config.model_dump_json())
    status, out, _ = call("train", "--config", tmp_path / "mine.json", "--set", "epochs=1", "--json")
    (run,) = list_runs(runs_folder)
    assert status == 0 and document(out)["run"] == run.id
    expected = config.to_dict()
    expected["training"]["epochs"] = 1
    assert run.config().to_dict() == expected


@pytest.mark.parametrize(
    ("content", "part"), [(None, "cannot be read"), ("{", "not valid JSON"), ("[]", "not an object")]
)
def test_a_config_file_that_is_none_is_refused_with_2(content, part, call, runs_folder, tmp_path):
    if content is not None:
        (tmp_path / "mine.json").write_text(content)
    refused(call("train", "--config", tmp_path / "mine.json"), 2, part)
    assert list_runs(runs_folder) == []


# --- resume ----------------------------------------------------------------------------------------------------------


def test_resume_trains_the_rest(call, paused_run, tmp_path):
    status, out, err = call("resume", paused_run.id, "--json")
    result = document(out)
    assert status == 0 and (result["run"], result["status"]) == (paused_run.id, "finished")
    assert "test/accuracy" in result and paused_run.id in err
    whole = create_run(paused_run.config(), paused_run.folder.parent)
    worker.work(whole, tmp_path / "data")
    assert same_weights(paused_run.last, whole.last)
    assert [epoch["epoch"] for epoch in History(paused_run).update().epochs] == [1, 2, 3, 4]


def test_resume_takes_more_epochs_and_another_learning_rate(call, paused_run):
    status, out, _ = call("resume", "latest", "--more-epochs", 3, "--learning-rate", 0.05)
    assert status == 0 and "Trained 7 epochs" in out
    history = History(paused_run).update()
    assert paused_run.config().training.epochs == 7 and len(history.epochs) == 7
    (change,) = history.learning_rates
    assert (change["step"], change["learning_rate"]) == (history.session["step"], 0.05)
    assert paused_run.events()[0][-3]["event"] == "epoch" and history.session["epoch"] == 1


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_finished_run_is_not_resumed_without_more_epochs(form, call, finished_run):
    refused(call("resume", finished_run.id, *form), 1, "all its 6 epochs", "add more epochs")


@pytest.mark.parametrize(
    ("arguments", "status", "part"),
    [
        (["--learning-rate", "11"], 2, "at most 10"),
        (["--learning-rate", "nan"], 2, "above 0"),
        (["--more-epochs", "-2"], 1, "-2"),
        (["--more-epochs", "20000"], 2, "from 1 to 10,000"),
    ],
)
def test_a_wrong_wish_changes_nothing(arguments, status, part, call, paused_run):
    before = paused_run.config_file.read_bytes(), paused_run.event_log.read_bytes()
    refused(call("resume", paused_run.id, *arguments, "--json"), status, part)
    assert (paused_run.config_file.read_bytes(), paused_run.event_log.read_bytes()) == before
    assert paused_run.status().name == "paused"


def test_a_run_that_trains_is_not_resumed(call, running_run):
    refused(call("resume", running_run.id, "--json"), 1, "is being trained")


# --- pause, stop, adjust ---------------------------------------------------------------------------------------------


def test_pause_stop_and_adjust_leave_a_request(call, running_run):
    for command, words, path in [
        (["pause"], "pauses after its present step", running_run.pause_request),
        (["stop"], "stops after its present step", running_run.stop_request),
        (["adjust", "--learning-rate", "0.02"], "learns at 0.02 from its next step on", running_run.learning_rate_request),
    ]:  # fmt: skip
        status, out, _ = call(command[0], running_run.id, *command[1:])
        assert status == 0 and out.strip() == f"{running_run.id} {words}."
        assert path.exists()
    assert float(running_run.learning_rate_request.read_text()) == 0.02
    status, out, _ = call("pause", "latest", "--json")
    assert document(out) == {"run": running_run.id, "asked": "pause"}


@pytest.mark.parametrize("command", [["pause"], ["stop"], ["adjust", "--learning-rate", "0.1"]])
def test_a_run_that_does_not_train_takes_no_requests(command, call, finished_run):
    refused(call(command[0], finished_run.id, *command[1:], "--json"), 1, "is not being trained (it is finished)")
    assert not {"stop", "pause", "learning_rate"} & {path.name for path in finished_run.folder.iterdir()}


def test_a_wrong_learning_rate_is_not_asked_for(call, running_run):
    refused(call("adjust", running_run.id, "--learning-rate", "0", "--json"), 2, "Learning rate is 0")
    assert not running_run.learning_rate_request.exists()


@pytest.mark.parametrize("command", [["resume"], ["pause"], ["stop"], ["adjust", "--learning-rate", "0.1"]])
def test_an_unknown_run_is_refused_with_2(command, call, finished_run):
    refused(call(command[0], "nothing", *command[1:], "--json"), 2, "There is no run 'nothing'")


# --- forecast --------------------------------------------------------------------------------------------------------


@pytest.fixture
def hurried(monkeypatch):
    """A forecast that trains as little as it can."""
    from core.training import forecast as module

    forecast = module.forecast
    monkeypatch.setattr(module, "forecast", lambda config, folder: forecast(config, folder, seconds=0))


def test_forecast_says_how_long_and_makes_no_run(call, hurried, runs_folder):
    status, out, err = call("forecast", "--recipe", "digits", "--set", *FAST, "--json")
    found = document(out)
    assert status == 0 and err == ""
    assert found["epochs"] == 2 and found["parameters"] == found["trainable"] == 64 * 16 + 16 + 16 * 10 + 10
    assert found["seconds"] == pytest.approx(found["seconds_before"] + 2 * found["seconds_per_epoch"])
    assert list(runs_folder.iterdir()) == []


def test_forecast_as_text(call, hurried):
    status, out, _ = call("forecast", "--recipe", "digits", "--set", *FAST)
    assert status == 0
    lines = out.splitlines()
    assert len(lines) == 3 and "1,210 weights" in lines[0] and "with 1 thread" in lines[0]
    assert lines[1].endswith(("MB of memory", "GB of memory")) and "each of 2 epochs" in lines[2]


def test_forecast_of_a_wrong_choice_is_refused_with_2(call):
    refused(call("forecast", "--recipe", "digits", "--set", "epochs=0", "--json"), 2, "Epochs is 0")


def test_a_recipe_is_a_config_file_too(call, runs_folder, tmp_path):
    """What `recipes --json` lists can be kept, changed and trained."""
    listing = document(call("recipes", "--json")[1])
    (digits,) = [item for item in listing if item["name"] == "digits"]
    (tmp_path / "digits.json").write_text(json.dumps(digits["config"]))
    assert call("train", "--config", tmp_path / "digits.json", "--set", *FAST)[0] == 0
    assert list_runs(runs_folder)[0].config().recipe == find_recipe("digits").name
