import time

from core.nodes.speed import FILE, Speed, relative_speed
from core.runs.workspace import workspace_folder
from core.settings.stored import write_stored


def test_a_speed_that_is_not_known_or_none_is_zero(runs_folder):
    assert relative_speed(runs_folder, 3.0) == 0.0, "the desk's own is not measured"
    write_stored(workspace_folder(runs_folder) / FILE, Speed(1.5, time.time()))
    assert relative_speed(runs_folder, 3.0) == 2.0
    for none in (None, "3", True, -1, 0, float("inf"), float("nan"), {}):
        assert relative_speed(runs_folder, none) == 0.0, none
