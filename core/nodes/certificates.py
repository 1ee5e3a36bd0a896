"""Keys, signing requests and certificates: elliptic curve P-256, SHA-256. Imports cryptography when it is used."""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

SLACK = 24 * 3600.0  # seconds by which a clock elsewhere may be behind
JOIN, NODE, DESK, AUTHORITY = "join", "node", "desk", "authority"  # what a certificate is for


def new_request() -> tuple[str, str]:
    """A new private key (PEM), which stays where it was made, and the request to have it signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    key = new_key()
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return key_pem(key), pem(request)


def expires(certificate: str) -> float:
    """When a certificate (PEM) ends, in Unix seconds. Raises ValueError."""
    from cryptography import x509

    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc.timestamp()


def new_key() -> EllipticCurvePrivateKey:
    """A private one."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def subject(common: str, unit: str) -> x509.Name:
    """Whose certificate it is, and what it is for: the common name and the unit."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    attributes = {NameOID.ORGANIZATIONAL_UNIT_NAME: unit, NameOID.COMMON_NAME: common}
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in attributes.items()])


def sign(
    issuer: x509.Name, key: EllipticCurvePrivateKey, public: Any, whose: x509.Name, lasts: float
) -> x509.Certificate:
    """A certificate of the key `public` for so many seconds, signed by `key`; what it may do follows from its unit."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    unit = whose.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value
    now, is_authority = datetime.datetime.now(datetime.UTC), whose == issuer
    builder = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(seconds=SLACK))
        .not_valid_after(now + datetime.timedelta(seconds=lasts))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(_usage(is_authority), critical=True)
    )
    if not is_authority:  # a computer that joined cannot stand for the desk
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if unit == DESK else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return builder.sign(key, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def pem(thing: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """As text."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return thing.public_bytes(Encoding.PEM).decode("ascii")


def key_pem(key: EllipticCurvePrivateKey) -> str:
    """A private key as text, not encrypted."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def digest_of(public: Any) -> str:
    """The SHA-256 of a public key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
