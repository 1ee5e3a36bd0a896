"""What the tests of pages share: no waiting worker, which every page with a Start would otherwise ask for."""

import pytest


@pytest.fixture(autouse=True)
def no_standby(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINDESK_STANDBY", "0")
