"""The envelope of an account's secrets: anybody seals with the public key, workers unseal.

Each secret gets a fresh AES-256-GCM key; its additional data is `account id|field`, so a
ciphertext moved to another row or field does not open. That key is sealed to an X25519 public
key: an ephemeral key agrees a secret with it, HKDF-SHA256 makes the wrapping key of it.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
POINT_BYTES = 32
PURPOSE = b"flotilla account secret v1"


class KeyUnavailable(RuntimeError):
    """This process cannot do what was asked, because a key file is missing or not a key."""


class SealBroken(ValueError):
    """The ciphertext does not open here: another key, another row or field, or changed bytes."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What is stored. `sealed_key`: ephemeral public key, nonce, wrapped data key."""

    ciphertext: bytes
    sealed_key: bytes
    key_id: str


def make_key_pair() -> tuple[bytes, bytes]:
    """A new (private, public) pair as PEM files' contents."""
    private = X25519PrivateKey.generate()
    return (
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def key_id(public_key: X25519PublicKey) -> str:
    """The name of a key pair: the SHA-256 of its public half."""
    return hashlib.sha256(public_key.public_bytes_raw()).hexdigest()


def read_public_key(path: str | Path) -> X25519PublicKey:
    """The public key of a PEM file; KeyUnavailable says which setting to look at."""
    key = _read(path, setting="KEY_PUBLIC_FILE", load=serialization.load_pem_public_key)
    if not isinstance(key, X25519PublicKey):
        raise KeyUnavailable("KEY_PUBLIC_FILE does not hold an X25519 public key")
    return key


def read_private_key(path: str | Path) -> X25519PrivateKey:
    """The private key of a PEM file; web processes have none and get KeyUnavailable."""
    key = _read(path, setting="KEY_PRIVATE_FILE", load=_load_private)
    if not isinstance(key, X25519PrivateKey):
        raise KeyUnavailable("KEY_PRIVATE_FILE does not hold an X25519 private key")
    return key


def seal(*, secret: str, account_id: UUID, field: str, public_key: X25519PublicKey) -> Sealed:
    """Seal a secret for one field of one account; needs the public key only."""
    data_key = AESGCM.generate_key(bit_length=256)
    ephemeral = X25519PrivateKey.generate()
    point = ephemeral.public_key().public_bytes_raw()
    name = key_id(public_key)
    wrapping = _wrapping_key(ephemeral.exchange(public_key), point, name)
    return Sealed(
        ciphertext=_encrypt(data_key, secret.encode(), _binding(account_id, field)),
        sealed_key=point + _encrypt(wrapping, data_key, name.encode()),
        key_id=name,
    )


def unseal(*, sealed: Sealed, account_id: UUID, field: str, private_key: X25519PrivateKey) -> str:
    """The secret again; SealBroken when key, account, field or bytes do not belong together."""
    public_key = private_key.public_key()
    name = key_id(public_key)
    if sealed.key_id != name:
        raise SealBroken(f"sealed for key {sealed.key_id[:12]}, this process has {name[:12]}")
    point = sealed.sealed_key[:POINT_BYTES]
    try:
        agreed = private_key.exchange(X25519PublicKey.from_public_bytes(point))
        wrapping = _wrapping_key(agreed, point, name)
        data_key = _decrypt(wrapping, sealed.sealed_key[POINT_BYTES:], name.encode())
        return _decrypt(data_key, sealed.ciphertext, _binding(account_id, field)).decode()
    except (InvalidTag, ValueError) as error:
        raise SealBroken(
            f"the {field} of account {account_id} does not open; enter it again"
        ) from error


def _load_private(pem: bytes) -> object:
    return serialization.load_pem_private_key(pem, password=None)


def _read(path: str | Path, *, setting: str, load: object) -> object:
    if not str(path):
        raise KeyUnavailable(f"{setting} is not set: this process was not given that key")
    try:
        return load(Path(path).read_bytes())  # type: ignore[operator]
    except (OSError, ValueError) as error:
        raise KeyUnavailable(f"{setting} cannot be read as a key: {type(error).__name__}") from None


def _wrapping_key(agreed: bytes, point: bytes, name: str) -> bytes:
    return HKDF(
        algorithm=hashes.SHA256(), length=32, salt=point, info=PURPOSE + name.encode()
    ).derive(agreed)


def _binding(account_id: UUID, field: str) -> bytes:
    return f"{account_id}|{field}".encode()


def _encrypt(key: bytes, plain: bytes, binding: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, binding)


def _decrypt(key: bytes, sealed: bytes, binding: bytes) -> bytes:
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], binding)
