"""What the tests of datasets have in common."""

import socket
import urllib.request

import pytest


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    """No proxy, quick polling, and the timeout of sockets as it was."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)  # it remembers the proxies of its first use
    monkeypatch.setattr("core.datasets.downloads.POLL_SECONDS", 0.01)
    kept = socket.getdefaulttimeout()
    yield
    socket.setdefaulttimeout(kept)
