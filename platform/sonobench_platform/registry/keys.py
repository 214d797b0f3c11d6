"""The key that signs what the registry believes: made at the first start, for its owner alone, with the certificate that goes to
the registry (`rootcertbundle`)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sonobench_platform.accounts.secret_files import keep_private
from sonobench_platform.storage.store import replacing

_VALID_FOR = timedelta(days=3650)


@dataclass(frozen=True)
class SigningKey:
    """The private key and its certificate, both PEM, in `home/registry`."""

    home: Path

    @property
    def key_file(self) -> Path:
        return self.home / "registry" / "token-key.pem"

    @property
    def certificate_file(self) -> Path:
        """What the registry is told to trust; no secret."""
        return self.home / "registry" / "token-certificate.pem"

    def ensure(self) -> None:
        """Make both where they are missing. A certificate that was lost is made anew from the key."""
        if not self.key_file.exists():
            keep_private(self.key_file, _new_key().decode().strip())
        if not self.certificate_file.exists():
            with replacing(self.certificate_file) as temporary:
                temporary.write_bytes(_certificate_of(self.key_file.read_bytes()))

    @cached_property
    def pem(self) -> bytes:
        return self.key_file.read_bytes()

    @cached_property
    def chain(self) -> list[str]:
        """The header `x5c`: the certificate in DER, as base64."""
        certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        return [base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()]


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_of(key_pem: bytes) -> bytes:
    key = serialization.load_pem_private_key(key_pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - what `_new_key` makes
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sonobench registry tokens")])
    # A machine's own certificate, checked by nobody's clock but this installation's: a day back for one that is slow.
    begins = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)
