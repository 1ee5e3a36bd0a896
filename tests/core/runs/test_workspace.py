"""What belongs to a folder of runs: locks and settings."""

import threading

import pytest
from filelock import FileLock

from core.errors import TrainDeskError
from core.runs import workspace
from core.runs.workspace import locked, read_setting, workspace_folder, write_setting
from tests.helpers import assert_one_sentence


def test_a_lock_lets_one_in_at_a_time(runs_folder):
    inside, most = [], []

    def enter():
        with locked(runs_folder, "queue"):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


def test_a_lock_that_others_keep_is_one_sentence(runs_folder, monkeypatch):
    monkeypatch.setattr(workspace, "PATIENCE", 0.01)
    kept = FileLock(workspace_folder(runs_folder) / "queue.lock")
    with kept, pytest.raises(TrainDeskError) as caught, locked(runs_folder, "queue"):
        pass
    assert_one_sentence(str(caught.value), "queue.lock", "try again")
    with kept, locked(runs_folder, "labels"):
        assert kept.is_locked


def test_settings_are_kept_beside_each_other(runs_folder):
    assert read_setting(runs_folder, "cpu_runs", 2) == 2
    write_setting(runs_folder, "cpu_runs", 5)
    write_setting(runs_folder, "example_hidden", 1)
    assert (read_setting(runs_folder, "cpu_runs", 2), read_setting(runs_folder, "example_hidden", 0)) == (5, 1)


@pytest.mark.parametrize("text", ["", "[]", '{"cpu_runs": "5"}', '{"cpu_runs": true}'])
def test_a_damaged_setting_is_the_default(text, runs_folder):
    (workspace_folder(runs_folder) / "settings.json").write_text(text)
    assert read_setting(runs_folder, "cpu_runs", 2) == 2


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainDeskError) as caught:
        workspace_folder(tmp_path / "file" / "runs")
    assert_one_sentence(str(caught.value), "cannot be written", "choose another")
