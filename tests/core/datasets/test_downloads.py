"""A download in the background: how far it is, why it failed, and one at a time."""

import threading

import pytest

from core.datasets.downloads import in_background, reason


def test_it_tells_how_far_it_is_until_it_is_done(tmp_path):
    go, done = threading.Event(), []

    def download():
        go.wait(30)
        done.append(100)

    told = in_background(download, tmp_path / "lock", lambda: 130, 100)
    assert next(told) == (100, 100), "never more than all"
    go.set()
    assert list(told)[-1] == (100, 100) and done == [100]


def test_what_it_raises_is_raised_here(tmp_path):
    def download():
        raise ConnectionError("no way")

    with pytest.raises(ConnectionError, match="no way"):
        list(in_background(download, tmp_path / "lock", lambda: 0, 100))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError("<urlopen error [Errno -2] Name or service not known>"), "no internet connection"),
        (RuntimeError("invalid hash value (expected ...)"), "the file arrived damaged or incomplete"),
        (OSError("<urlopen error timed out>"), "timed out"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_why_it_failed_in_a_few_words(error, words):
    assert reason(error) == words
