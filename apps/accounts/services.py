"""Changes of exchange accounts: create, store and open their keys, degrade, restore."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.accounts.keys import Sealed, read_private_key, read_public_key, seal, unseal
from apps.accounts.models import AccountSecret, ExchangeAccount, User
from apps.audit import services as audit


class AccountRefused(ValueError):
    """An account that cannot be as asked; the text names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class OpenSecrets:
    """An account's secrets in the clear; never printed, never stored."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str | None = field(default=None, repr=False)


def environment_of(*, socket_type: str | None = None, testnet: bool | None = None) -> str | None:
    """The environment meant by the older words, or None when neither is given."""
    if socket_type not in (None, "demo", "live"):
        raise AccountRefused("socket_type must be demo or live")
    if socket_type == "demo":
        if testnet is False:
            raise AccountRefused("socket_type demo contradicts testnet false; give one of them")
        return "simulated"
    if testnet is not None:
        return "testnet" if testnet else "live"
    return socket_type


def create_account(
    *,
    user: User,
    name: str,
    exchange: str,
    environment: str,
    actor: User | str,
    venue_name: str = "",
    base_url: str = "",
    secrets: Mapping[str, str] | None = None,
) -> ExchangeAccount:
    """A new account, with its keys sealed when given; AccountRefused names what is wrong."""
    name = name.strip()
    if not name:
        raise AccountRefused("name: give the account a name")
    if environment not in ExchangeAccount.Environment.values:
        raise AccountRefused("environment must be simulated, testnet or live")
    if not exchange.strip():
        raise AccountRefused("exchange: name the exchange, for example binance")
    if ExchangeAccount.objects.filter(user=user, name__iexact=name).exists():
        raise AccountRefused(f"name: you already have an account called {name!r}")
    with transaction.atomic():
        account = ExchangeAccount.objects.create(
            user=user,
            name=name,
            exchange=exchange.strip(),
            environment=environment,
            venue_name=venue_name,
            base_url=base_url,
        )
        audit.record(
            actor=actor,
            verb="create_account",
            object=account,
            after={"name": name, "exchange": exchange, "environment": environment},
        )
        if secrets:
            store_secrets(account=account, secrets=secrets, actor=actor)
    return account


def store_secrets(
    *, account: ExchangeAccount, secrets: Mapping[str, str], actor: User | str
) -> None:
    """Seal and store the given fields, replacing what was there. Needs the public key only."""
    unknown = set(secrets) - set(AccountSecret.Field.values)
    if unknown:
        raise AccountRefused(f"unknown secret {min(unknown)}; use api_key, secret, password")
    public_key = read_public_key(settings.KEY_PUBLIC_FILE)
    with transaction.atomic():
        for name, value in sorted(secrets.items()):
            sealed = seal(secret=value, account_id=account.id, field=name, public_key=public_key)
            AccountSecret.objects.update_or_create(
                account=account,
                field=name,
                defaults={
                    "ciphertext": sealed.ciphertext,
                    "sealed_key": sealed.sealed_key,
                    "key_id": sealed.key_id,
                    "created_at": timezone.now(),
                    "last_used_at": None,
                },
            )
        audit.record(
            actor=actor, verb="store_secrets", object=account, after={"fields": sorted(secrets)}
        )


def open_secrets(*, account_id: UUID, private_key: X25519PrivateKey | None = None) -> OpenSecrets:
    """The account's keys in the clear; only where settings.KEY_PRIVATE_FILE names the key."""
    key = private_key or read_private_key(settings.KEY_PRIVATE_FILE)
    opened = {
        row.field: unseal(
            sealed=Sealed(bytes(row.ciphertext), bytes(row.sealed_key), row.key_id),
            account_id=account_id,
            field=row.field,
            private_key=key,
        )
        for row in AccountSecret.objects.filter(account_id=account_id)
    }
    missing = {"api_key", "secret"} - set(opened)
    if missing:
        raise AccountRefused(f"{min(missing)}: the account has none stored; enter it")
    AccountSecret.objects.filter(account_id=account_id).update(last_used_at=timezone.now())
    return OpenSecrets(opened["api_key"], opened["secret"], opened.get("password"))


def degrade_account(*, account_id: UUID, reason: str, actor: User | str) -> bool:
    """Cancel and query only, until restored; False when it was not active."""
    return _change_status(account_id, "active", "degraded", reason, actor)


def restore_account(*, account_id: UUID, reason: str, actor: User | str) -> bool:
    """Trade again; False when it was not degraded."""
    return _change_status(account_id, "degraded", "active", reason, actor)


def _change_status(account_id: UUID, old: str, new: str, reason: str, actor: User | str) -> bool:
    with transaction.atomic():
        changed = ExchangeAccount.objects.filter(pk=account_id, status=old).update(
            status=new, status_reason="" if new == "active" else reason
        )
        if changed:
            audit.record(
                actor=actor,
                verb=f"account_{new}",
                object=ExchangeAccount(pk=account_id),
                before={"status": old},
                after={"status": new, "reason": reason},
            )
        return bool(changed)
