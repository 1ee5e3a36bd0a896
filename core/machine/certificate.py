"""A certificate of this computer's own for https: it signs itself, so browsers warn of it and people compare its fingerprint."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import remove_file

if TYPE_CHECKING:
    from cryptography import x509

DAY = 24 * 3600.0  # seconds
LASTS = 365 * DAY  # iPhones refuse more than 825 days
SPARE = 14 * DAY  # before its end it is made anew
SLACK = DAY  # by which the clock of a phone may be behind


@dataclass(frozen=True)
class Certificate:
    """Two PEM files."""

    file: Path
    key: Path


def ensure_certificate(folder: Path, names: Iterable[str], now: float | None = None) -> Certificate:
    """The one in this folder for these host names and IP addresses; made anew unless it names all of them and lasts on.

    Only its owner can read the key. Raises OSError, ValueError for a name that no certificate can hold.
    """
    now = time.time() if now is None else now
    made, wanted = Certificate(folder / "certificate.pem", folder / "key.pem"), set(map(_plain, names))
    if not (made.key.is_file() and wanted <= _names_until(made.file, now + SPARE)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        _make(made, sorted(wanted), now)
    return made


def fingerprint(file: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file as browsers show it: "AB:CD:...". Raises OSError, ValueError."""
    first, end, _ = file.read_text("ascii").partition("-----END CERTIFICATE-----")
    der = ssl.PEM_cert_to_DER_cert(first[first.find("-----BEGIN CERTIFICATE-----") :] + end)
    return hashlib.sha256(der).digest().hex(":").upper()


def _names_until(file: Path, until: float) -> set[str]:
    """What a certificate is for that is valid now and until then; nothing for one that is missing or damaged."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
        if found.not_valid_after_utc.timestamp() < until:
            return set()
        others = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return set()
    addresses = others.get_values_for_type(x509.IPAddress)
    return {*others.get_values_for_type(x509.DNSName), *map(str, addresses)}


def _make(made: Certificate, names: list[str], now: float) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    public, whose = key.public_key(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TrainDesk")])
    begins, ends = (datetime.datetime.fromtimestamp(at, datetime.UTC) for at in (now - SLACK, now + LASTS))
    certificate = (
        x509.CertificateBuilder(whose, whose, public, x509.random_serial_number(), begins, ends)
        .add_extension(x509.SubjectAlternativeName(list(map(_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain, pem = serialization.NoEncryption(), serialization.Encoding.PEM
    for file, data in (
        (made.key, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)),
        (made.file, certificate.public_bytes(pem)),
    ):
        remove_file(file)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(data)


def _plain(name: str) -> str:
    """As browsers ask for it: in ASCII."""
    return name.encode("idna").decode("ascii")


def _name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
