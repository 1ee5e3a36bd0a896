"""The certificate that this computer makes of itself."""

import ipaddress
import os
import socket
import ssl
import stat
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from core.machine.certificate import LASTS, SPARE, ensure_certificate, fingerprint

NAMES = ["localhost", "127.0.0.1", "desk.school.example", "192.168.7.4"]
NOW = 1_800_000_000.0


@pytest.fixture
def made(tmp_path):
    return ensure_certificate(tmp_path / "https", NAMES, NOW)


def test_it_names_this_computer_for_a_year_and_signs_nothing_else(made):
    found = x509.load_pem_x509_certificate(made.file.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.DNSName)) == {"localhost", "desk.school.example"}
    assert names.get_values_for_type(x509.IPAddress) == [*map(ipaddress.ip_address, ("127.0.0.1", "192.168.7.4"))]
    assert found.not_valid_after_utc.timestamp() == NOW + LASTS and found.not_valid_before_utc.timestamp() < NOW
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_its_key_is_its_owners_alone(made):
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.key.parent.stat().st_mode) == 0o700


def test_it_stays_until_it_ends_or_an_address_is_missing(made):
    def again(names=NAMES, later=0.0):
        ensure_certificate(made.file.parent, names, NOW + later)
        return fingerprint(made.file)

    first = again()
    assert again() == again(NAMES[:2]) == again(later=LASTS - SPARE - 1) == first
    moved = again([*NAMES, "10.0.0.9"])
    assert moved != first and again() == moved, "the other address is in it, and so are those of before"
    assert again(later=LASTS - SPARE + 1) != moved
    made.file.write_text("damaged")
    assert again()
    made.key.unlink()
    assert again() and made.key.is_file()


def test_its_fingerprint_is_the_one_that_browsers_show(made):
    known = x509.load_pem_x509_certificate(made.file.read_bytes()).fingerprint(hashes.SHA256())
    assert fingerprint(made.file) == ":".join(f"{byte:02X}" for byte in known)


def test_whoever_trusts_it_speaks_to_this_computer_by_its_names_alone(tmp_path):
    made = ensure_certificate(tmp_path, NAMES, time.time())
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(made.file, made.key)

    def greets(name, trust):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(20)
            theirs.settimeout(20)

            def answer():
                try:
                    serving.wrap_socket(theirs, server_side=True).close()
                except OSError:
                    theirs.close()

            server = threading.Thread(target=answer)
            server.start()
            try:
                with trust.wrap_socket(ours, server_hostname=name) as socket_:
                    return socket_.version() is not None
            except ssl.SSLCertVerificationError:
                return False
            finally:
                ours.close()
                server.join()

    trust = ssl.create_default_context(cafile=str(made.file))
    assert all(greets(name, trust) for name in NAMES)
    assert not greets("192.168.7.5", trust)
    assert not greets("localhost", ssl.create_default_context()), "nobody else vouches for it"


def test_a_name_of_any_script_is_written_as_browsers_ask_for_it_and_what_is_no_name_is_a_value_error(tmp_path):
    first = ensure_certificate(tmp_path, ["schülerpult"], NOW).file.read_bytes()
    assert b"BEGIN" in first and ensure_certificate(tmp_path, ["schülerpult"], NOW).file.read_bytes() == first
    with pytest.raises(ValueError, match="label"):
        ensure_certificate(tmp_path, ["a" * 64], NOW)
