"""The key envelope: only the right key opens a secret, and only in its own row and field."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from apps.accounts.keys import (
    KeyUnavailable,
    SealBroken,
    Sealed,
    key_id,
    make_key_pair,
    read_private_key,
    read_public_key,
    seal,
    unseal,
)

PRIVATE = X25519PrivateKey.generate()
ACCOUNT = uuid4()


def sealed_secret(text: str = "s3cret") -> Sealed:
    return seal(secret=text, account_id=ACCOUNT, field="secret", public_key=PRIVATE.public_key())


def test_what_is_sealed_with_the_public_key_opens_with_the_private_one() -> None:
    sealed = sealed_secret("schlüssel 🔑")

    opened = unseal(sealed=sealed, account_id=ACCOUNT, field="secret", private_key=PRIVATE)

    assert opened == "schlüssel 🔑"
    assert sealed.key_id == key_id(PRIVATE.public_key())


def test_the_same_secret_sealed_twice_shares_no_bytes_that_tell() -> None:
    first, second = sealed_secret(), sealed_secret()

    assert first.ciphertext != second.ciphertext
    assert first.sealed_key != second.sealed_key
    assert b"s3cret" not in first.ciphertext + first.sealed_key


@pytest.mark.parametrize("field", ["api_key", "password"])
def test_a_secret_moved_to_another_field_does_not_open(field: str) -> None:
    with pytest.raises(SealBroken, match=f"the {field} of account"):
        unseal(sealed=sealed_secret(), account_id=ACCOUNT, field=field, private_key=PRIVATE)


def test_a_secret_moved_to_another_account_does_not_open() -> None:
    with pytest.raises(SealBroken, match="does not open; enter it again"):
        unseal(sealed=sealed_secret(), account_id=uuid4(), field="secret", private_key=PRIVATE)


def test_ciphertexts_swapped_between_two_rows_do_not_open() -> None:
    first, second = sealed_secret("one"), sealed_secret("two")

    with pytest.raises(SealBroken):
        unseal(
            sealed=replace(first, ciphertext=second.ciphertext),
            account_id=ACCOUNT,
            field="secret",
            private_key=PRIVATE,
        )


@pytest.mark.parametrize("part", ["ciphertext", "sealed_key"])
def test_one_flipped_bit_anywhere_does_not_open(part: str) -> None:
    sealed = sealed_secret()
    whole = getattr(sealed, part)
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        with pytest.raises(SealBroken):
            unseal(
                sealed=replace(sealed, **{part: bytes(damaged)}),
                account_id=ACCOUNT,
                field="secret",
                private_key=PRIVATE,
            )


def test_another_private_key_is_named_as_the_reason() -> None:
    other = X25519PrivateKey.generate()

    with pytest.raises(SealBroken, match=f"sealed for key {key_id(PRIVATE.public_key())[:12]}"):
        unseal(sealed=sealed_secret(), account_id=ACCOUNT, field="secret", private_key=other)


def test_a_key_pair_survives_its_files(tmp_path: Path) -> None:
    private_pem, public_pem = make_key_pair()
    private, public = tmp_path / "private", tmp_path / "public"
    private.write_bytes(private_pem)
    public.write_bytes(public_pem)

    sealed = seal(
        secret="s", account_id=ACCOUNT, field="secret", public_key=read_public_key(public)
    )
    opened = unseal(
        sealed=sealed, account_id=ACCOUNT, field="secret", private_key=read_private_key(private)
    )

    assert opened == "s"


def test_a_process_without_the_private_key_says_so() -> None:
    with pytest.raises(KeyUnavailable, match="KEY_PRIVATE_FILE is not set: this process was not"):
        read_private_key("")


def test_a_file_that_is_no_key_names_the_setting_and_shows_no_content(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("top secret text")
    ed25519 = tmp_path / "public"
    ed25519.write_bytes(
        PRIVATE.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    with pytest.raises(KeyUnavailable, match="KEY_PUBLIC_FILE cannot be read") as caught:
        read_public_key(wrong)
    with pytest.raises(KeyUnavailable, match="KEY_PUBLIC_FILE"):
        read_public_key(ed25519)
    with pytest.raises(KeyUnavailable, match="KEY_PUBLIC_FILE cannot be read"):
        read_public_key(tmp_path / "absent")

    assert "top secret" not in str(caught.value)
