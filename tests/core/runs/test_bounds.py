"""What one guest may have waiting on a shared dashboard."""

import pytest

from core.errors import TrainDeskError
from core.runs.bounds import EXPERIMENTS, MOST, USUAL, check_guest, most_waiting, set_most_waiting
from core.runs.metadata import change_metadata
from core.runs.queue import enqueue_all
from core.runs.store import create_run
from tests.helpers import assert_one_sentence, quick_config
from tests.pages.fake_runs import fake_run, running


def test_fifty_may_wait_unless_the_host_says_otherwise(runs_folder):
    assert most_waiting(runs_folder) == USUAL == 50
    check_guest(runs_folder, "ann", 50)
    with pytest.raises(TrainDeskError, match="would add 51; each guest may have 50 waiting"):
        check_guest(runs_folder, "ann", 51)
    set_most_waiting(runs_folder, 3)
    enqueue_all([create_run(quick_config(), runs_folder) for _ in range(2)], "ann")
    check_guest(runs_folder, "ann", 1)
    check_guest(runs_folder, "bob", 3)
    with pytest.raises(TrainDeskError) as refusal:
        check_guest(runs_folder, "ann", 2)
    assert_one_sentence(str(refusal.value), "You have 2 runs", "would add 2", "3 waiting")


@pytest.mark.parametrize("number", [0, -1, MOST + 1])
def test_a_number_out_of_bounds_is_one_sentence_and_changes_nothing(number, runs_folder):
    with pytest.raises(TrainDeskError) as refusal:
        set_most_waiting(runs_folder, number)
    assert_one_sentence(str(refusal.value), f"is {number}", "1 to 1,000")
    assert most_waiting(runs_folder) == USUAL


@pytest.mark.parametrize("kept", ['{"guest_waiting": 1e400}', '{"guest_waiting": -5}', '{"guest_waiting": true}', "["])
def test_a_damaged_setting_locks_nobody_out_and_opens_no_door(kept, runs_folder):
    (runs_folder / ".traindesk").mkdir(parents=True)
    (runs_folder / ".traindesk" / "settings.json").write_text(kept)
    assert 1 <= most_waiting(runs_folder) <= MOST


def test_few_experiments_of_a_guest_are_under_way_waiting_or_training(runs_folder):
    for number in range(EXPERIMENTS - 1):
        enqueue_all([create_run(quick_config(experiment=f"mine {number}"), runs_folder)], "ann")
    trained = fake_run(runs_folder, "starting")
    trained.starting_mark.unlink()
    config = trained.config().with_changes({"experiment": "trains"})
    trained.config_file.write_text(config.model_dump_json())
    change_metadata(trained, owner="ann")
    check_guest(runs_folder, "ann", 1, "new")
    with running(trained):
        with pytest.raises(TrainDeskError) as refusal:
            check_guest(runs_folder, "ann", 1, "new")
        assert_one_sentence(str(refusal.value), f"You have {EXPERIMENTS} experiments under way", "stop its runs")
        check_guest(runs_folder, "ann", 1, "mine 0")
        check_guest(runs_folder, "ann", 1)
        check_guest(runs_folder, "bob", 1, "new")
