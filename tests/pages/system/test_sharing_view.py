"""Sharing, on the page of the computer: alone, over http, and over https with a certificate of its own."""

from datetime import date

import pytest
import streamlit as st

from core.image_sets.folders import list_datasets
from core.image_sets.keeping import keep_until
from core.machine.certificate import ensure_certificate, fingerprint
from core.sharing import Guest
from pages.components.data import keeping_view
from pages.components.shell import rights
from tests.desk import GUESTS, HOST, Visitor, ask, cookie_of, shared
from tests.helpers import wait_until
from tests.own import own_dataset
from tests.pages.apps import open_app, words


@pytest.fixture
def reached(monkeypatch, runs_folder):
    """Has the page come by this address to the host or a guest of a shared dashboard, with this certificate."""

    def come(address, certificate="", is_host=True):
        monkeypatch.setattr(type(st.context), "url", property(lambda _: address))
        monkeypatch.setattr(rights, "current_authenticator", lambda: "an authenticator")
        monkeypatch.setattr(rights, "_guest", lambda: Guest("me", is_host=is_host))
        monkeypatch.setattr(keeping_view, "own_addresses", lambda: ["192.168.1.7"])
        get = st.get_option
        monkeypatch.setattr(st, "get_option", lambda name: certificate if name == "server.sslCertFile" else get(name))

    return come


def test_alone_it_says_that_the_network_cannot_reach_it_and_how_to_share(runs_folder):
    said = words(open_app("system"))
    assert "the network cannot reach them" in said and "make share HTTPS=1" in said and "fingerprint" not in said


def test_over_http_it_says_what_that_costs(reached):
    reached("http://192.168.1.7:8501/system")
    app = open_app("system")
    said = words(app)
    assert [each.value for each in app.code] == ["http://192.168.1.7:8501"] and 'alt="A code with the address' in said
    assert "listen in" in said and "browsers open no camera" in said and "fingerprint" not in said


def test_over_https_it_says_what_browsers_warn_of_and_the_fingerprint_to_compare(reached, tmp_path):
    made = ensure_certificate(tmp_path / ".traindesk" / "https", ["192.168.1.7"])
    reached("https://192.168.1.7:8501/system", str(made.file), is_host=False)
    app = open_app("system")
    said = words(app)
    assert [each.value for each in app.code] == ["https://192.168.1.7:8501", fingerprint(made.file)]
    assert "Your connection is not private" in said and "visit this website" in said
    assert "You are a guest" in said and "For the data officer" not in said


def test_a_certificate_that_others_vouch_for_needs_no_warning(reached, tmp_path):
    made = ensure_certificate(tmp_path / "school", ["desk.school"])
    reached("https://desk.school/system", str(made.file))
    app = open_app("system")
    assert app.code[-1].value == fingerprint(made.file) and "vouches for itself" not in words(app)
    made.file.write_text("damaged")
    assert "cannot be read" in words(open_app("system"))


def test_a_dashboard_with_its_own_certificate_is_read_by_whoever_trusts_exactly_that(tmp_path):
    runs, data, log = tmp_path / "runs", tmp_path / "data", tmp_path / "log"
    runs.mkdir()
    keep_until(own_dataset(data, tmp_path).folder, date(2020, 1, 1))
    with shared(runs, data, log, https=True) as desk:
        assert fingerprint(desk.certificate) in log.read_text() and "http://" not in log.read_text()
        status, headers = ask(desk, "/login")
        assert status == 200
        cookie = cookie_of(desk, HOST)
        form = f"password={GUESTS}".replace(" ", "+").encode()
        _, headers = ask(desk, "/login", "POST", form)
        assert "secure" in headers["set-cookie"].lower()
        with Visitor(desk, cookie) as visitor:  # a WebSocket under TLS
            page = visitor.open("system").text()
        assert fingerprint(desk.certificate) in page and "from this network, encrypted" in page
        stranger = type(desk)(desk.url, desk.process, ensure_certificate(tmp_path / "other", ["127.0.0.1"]).file)
        assert ask(stranger, "/login")[0] == 0, "whoever trusts another certificate hears nothing"
        wait_until(lambda: not list_datasets(data), what="pictures whose day was over while nothing ran are gone")
