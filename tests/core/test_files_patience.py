"""What Windows refuses while somebody has a file open is tried again for a while; what is refused for good is not."""

import errno

import pytest

from core.files import PATIENCE, STEP, may_be_in_use, patiently
from tests.windows import refused


class Refusing:
    """Refuses so many times."""

    def __init__(self, error: OSError, times: float):
        self.error, self.times, self.tries = error, times, 0

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.times:
            raise self.error
        return "done"


@pytest.mark.parametrize("code", [5, 32, 33, 145, 303, 1224])
def test_it_is_tried_until_it_goes_well(windows, code):
    act = Refusing(refused("best.pt", code), 3)
    assert patiently(act) == "done" and act.tries == 4 and windows.waited == pytest.approx(3 * STEP)


def test_opening_a_file_says_no_more_than_that_it_is_denied(windows):
    act = Refusing(PermissionError(errno.EACCES, "Permission denied"), 2)
    assert patiently(act) == "done" and act.tries == 3


def test_patience_ends(windows):
    act = Refusing(error := refused("best.pt"), float("inf"))
    with pytest.raises(OSError) as caught:
        patiently(act)
    assert caught.value is error and windows.waited == pytest.approx(PATIENCE)
    windows.waited = 0.0
    with pytest.raises(OSError):
        patiently(act, seconds=0)
    assert windows.waited == 0


@pytest.mark.parametrize("error", [FileNotFoundError(2, "none"), OSError(errno.ENOSPC, "full"), refused("file", 183)])
def test_what_is_wrong_for_good_is_said_at_once(windows, error):
    act = Refusing(error, 1)
    with pytest.raises(OSError):
        patiently(act)
    assert act.tries == 1 and windows.waited == 0


def test_elsewhere_nobody_waits():
    assert not may_be_in_use(refused("best.pt")) and not may_be_in_use(PermissionError(errno.EACCES, "denied"))
