"""Who is let into a shared dashboard, and as whom."""

import os

import itsdangerous
import pytest

from core import sharing
from core.errors import TrainDeskError
from core.sharing import FREE, LASTS, TURN, WAIT, Authenticator, LogInRefused, current_authenticator
from tests.helpers import assert_one_sentence

GUESTS, HOST = "for the class", "for the teacher"


@pytest.fixture
def authenticator():
    return Authenticator(GUESTS, HOST, b"k" * 32)


def test_each_password_has_its_role_and_every_browser_a_name_of_its_own(authenticator):
    first, second, host = (
        authenticator.guest(authenticator.log_in(password, "a")) for password in (GUESTS, GUESTS, HOST)
    )
    assert not first.is_host and not second.is_host and host.is_host
    assert len({first.id, second.id, host.id}) == 3


@pytest.mark.parametrize("wrong", ["", "for the clas", GUESTS + " ", GUESTS.upper(), "é" * 3000])
def test_nothing_else_is_a_password(authenticator, wrong):
    with pytest.raises(LogInRefused) as refusal:
        authenticator.log_in(wrong, "a")
    assert_one_sentence(str(refusal.value), "ask the host")


def wrong(authenticator, address, now, times=1):
    for _ in range(times):
        with pytest.raises(LogInRefused, match="not the password"):
            authenticator.log_in("wrong", address, now)


def test_after_five_wrong_ones_each_try_of_an_address_waits_for_its_turn_and_others_do_not(authenticator):
    wrong(authenticator, "10.0.0.1", 100, FREE - 1)
    assert authenticator.turn("10.0.0.1", 100) == 0
    wrong(authenticator, "10.0.0.1", 100)
    assert [authenticator.turn("10.0.0.1", 101) for _ in range(3)] == [TURN, 2 * TURN, 3 * TURN], "one after the other"
    assert authenticator.turn("10.0.0.2", 101) == 0
    assert authenticator.log_in(GUESTS, "10.0.0.1", 110), "the right one opens when it is its turn"
    assert authenticator.turn("10.0.0.1", 101 + WAIT) == 0, "forgotten"


def test_of_a_flood_from_one_address_few_tries_are_looked_at(authenticator):
    wrong(authenticator, "a", 100, FREE)
    taken = 0
    with pytest.raises(LogInRefused, match="try again in 60 seconds") as refusal:
        for _ in range(1000):
            taken += authenticator.turn("a", 100) > 0
    assert taken == WAIT / TURN
    assert_one_sentence(str(refusal.value), "from where you are")


def test_wrong_ones_of_all_together_never_keep_the_right_one_out(authenticator):
    for number in range(5000):
        wrong(authenticator, f"10.1.{number // 250}.{number % 250}", 100)
    assert authenticator.turn("10.0.0.1", 101) == 0 and authenticator.log_in(GUESTS, "10.0.0.1", 101)


def test_who_has_one_address_of_ipv6_has_all_of_its_network(authenticator):
    for number in range(FREE):
        wrong(authenticator, f"2001:db8:1:2::{number}", 100)
    assert authenticator.turn("2001:db8:1:2:ffff::9", 100) > 0 and authenticator.turn("2001:db8:1:3::9", 100) == 0
    wrong(authenticator, "::ffff:10.0.0.7", 100, FREE)
    assert authenticator.turn("10.0.0.7", 100) > 0 and authenticator.turn("::ffff:10.0.0.8", 100) == 0


def test_addresses_of_long_ago_are_forgotten(authenticator):
    for number in range(1500):
        wrong(authenticator, f"{number}", number * WAIT * 2)
    assert len(authenticator._wrong) < 1100


def test_a_token_cannot_be_made_up_or_changed(authenticator):
    token = authenticator.log_in(GUESTS, "a")
    assert authenticator.guest(token)
    forged = Authenticator(GUESTS, HOST, b"x" * 32).log_in(HOST, "a")
    for bad in ("", "x", forged, token[:-1], "A" + token, token.replace(".", "", 1), token * 50):
        assert authenticator.guest(bad) is None


def test_a_guest_cannot_become_host_by_what_the_token_says(authenticator):
    signer = authenticator._signer(False)
    assert not authenticator.guest(signer.dumps({"id": "me", "host": True})).is_host
    assert authenticator.guest(signer.dumps(["no", "mapping"])) is None


def test_a_new_password_logs_out_those_who_had_the_old_one(authenticator):
    guest, host = authenticator.log_in(GUESTS, "a"), authenticator.log_in(HOST, "a")
    changed = Authenticator("another one", HOST, authenticator.key)
    assert changed.guest(guest) is None and changed.guest(host).is_host
    changed = Authenticator(GUESTS, "another one", authenticator.key)
    assert changed.guest(guest) and changed.guest(host) is None


def test_whoever_logs_out_ends_the_token_also_for_a_server_that_starts_anew(shared):
    desk = current_authenticator()
    mine, other = desk.log_in(GUESTS, "a"), desk.log_in(GUESTS, "a")
    desk.log_out(mine)
    assert desk.guest(mine) is None and desk.guest(other)
    current_authenticator.cache_clear()
    desk = current_authenticator()
    assert desk.guest(mine) is None and desk.guest(other)
    desk.log_out("nobody's")
    (shared / ".traindesk" / "logged_out").write_bytes(b'{"since": {"x": "yesterday"')
    current_authenticator.cache_clear()
    assert current_authenticator().guest(other), "a damaged list keeps nobody out"


def test_where_nothing_can_be_written_the_token_ends_for_this_server(shared, monkeypatch):
    desk = current_authenticator()
    token = desk.log_in(GUESTS, "a")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sharing, "write_stored", full)
    desk.log_out(token)
    assert desk.guest(token) is None


def test_the_server_takes_the_passwords_out_of_what_it_hands_on(shared, monkeypatch):
    desk = sharing.take_authenticator()
    assert sharing.PASSWORD not in os.environ and sharing.HOST_PASSWORD not in os.environ
    assert sharing.take_authenticator() is desk and desk.guest(desk.log_in(HOST, "a")).is_host


def test_a_token_ends(authenticator, monkeypatch):
    token = authenticator.log_in(GUESTS, "a")
    now = itsdangerous.timed.time.time()
    monkeypatch.setattr(itsdangerous.timed.time, "time", lambda: now + LASTS - 5)
    assert authenticator.guest(token)
    monkeypatch.setattr(itsdangerous.timed.time, "time", lambda: now + LASTS + 5)
    assert authenticator.guest(token) is None


@pytest.mark.parametrize(
    ("passwords", "about"),
    [
        (("short", HOST), ("TRAINDESK_PASSWORD has 5 characters", "at least 8")),
        ((GUESTS, ""), ("TRAINDESK_HOST_PASSWORD has 0 characters",)),
        ((GUESTS, GUESTS), ("are the same", "another one for the host")),
    ],
)
def test_bad_passwords_are_one_sentence(passwords, about):
    with pytest.raises(TrainDeskError) as refusal:
        Authenticator(*passwords, b"k" * 32)
    assert_one_sentence(str(refusal.value), *about)


@pytest.fixture
def shared(monkeypatch, tmp_path):
    monkeypatch.setenv("TRAINDESK_RUNS", str(tmp_path))
    monkeypatch.setenv(sharing.PASSWORD, GUESTS)
    monkeypatch.setenv(sharing.HOST_PASSWORD, HOST)
    current_authenticator.cache_clear()
    yield tmp_path
    current_authenticator.cache_clear()


def test_browsers_stay_known_when_the_server_starts_anew_and_nobody_else_can_read_the_key(shared):
    token = current_authenticator().log_in(GUESTS, "a")
    current_authenticator.cache_clear()
    assert current_authenticator().guest(token)
    assert (shared / ".traindesk" / "key").stat().st_mode & 0o777 == 0o600


def test_a_damaged_key_is_one_sentence(shared):
    (shared / ".traindesk").mkdir()
    (shared / ".traindesk" / "key").write_bytes(b"short")
    with pytest.raises(TrainDeskError) as refusal:
        current_authenticator()
    assert_one_sentence(str(refusal.value), "delete it")


def test_without_passwords_nothing_is_shared(monkeypatch):
    monkeypatch.delenv(sharing.PASSWORD, raising=False)
    monkeypatch.delenv(sharing.HOST_PASSWORD, raising=False)
    current_authenticator.cache_clear()
    assert current_authenticator() is None
    with pytest.raises(TrainDeskError, match="make share"):
        sharing.take_authenticator()


def test_a_certificate_without_its_key_is_one_sentence(capsys, tmp_path):
    from core.cli.main import main

    assert main(["share", "--certificate", "x.pem", "--runs", str(tmp_path)]) == 1
    assert_one_sentence(capsys.readouterr().err.strip(), "both --certificate and --key")
