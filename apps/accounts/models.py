"""People, their exchange accounts, and the sealed keys of those accounts."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower, Now

from apps.common.fields import NumberField
from apps.common.ids import new_id


class User(AbstractUser):
    """A person. `stop_epoch` counts the stops of all of this person's bots."""

    class Role(models.TextChoices):
        VIEWER = "viewer"
        OPERATOR = "operator"
        ADMIN = "admin"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = NumberField()
    role = models.CharField(max_length=10, choices=Role, default=Role.OPERATOR)
    stop_epoch = models.BigIntegerField(default=0, editable=False)
    reporting_currency = models.CharField(max_length=20, default="USDT")

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=["viewer", "operator", "admin"]),
                name="user_role_known",
            ),
            models.CheckConstraint(
                condition=models.Q(stop_epoch__gte=0), name="user_stop_epoch_not_negative"
            ),
        ]


class ExchangeAccount(models.Model):
    """One account at one exchange. `venue_name` names a venue of the simulated exchange."""

    class Environment(models.TextChoices):
        SIMULATED = "simulated"
        TESTNET = "testnet"
        LIVE = "live"

    class Status(models.TextChoices):
        ACTIVE = "active"
        DEGRADED = "degraded"
        DISABLED = "disabled"

    class Withdraw(models.TextChoices):
        UNKNOWN = "unknown"
        NO = "no"
        YES = "yes"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = NumberField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="accounts")
    name = models.CharField(max_length=100)
    exchange = models.CharField(max_length=40)
    environment = models.CharField(max_length=10, choices=Environment)
    venue_name = models.CharField(max_length=60, blank=True, default="")
    base_url = models.CharField(max_length=300, blank=True, default="")
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    status_reason = models.TextField(blank=True, default="")
    stop_epoch = models.BigIntegerField(default=0, editable=False)
    withdraw_allowed = models.CharField(max_length=10, choices=Withdraw, default=Withdraw.UNKNOWN)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("user", Lower("name"), name="account_name_unique_per_user"),
            models.CheckConstraint(
                condition=models.Q(environment__in=["simulated", "testnet", "live"]),
                name="account_environment_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "degraded", "disabled"]),
                name="account_status_known",
            ),
            models.CheckConstraint(
                condition=models.Q(withdraw_allowed__in=["unknown", "no", "yes"]),
                name="account_withdraw_known",
            ),
            models.CheckConstraint(
                condition=models.Q(stop_epoch__gte=0), name="account_stop_epoch_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.exchange}, {self.environment})"

    @property
    def testnet(self) -> bool:
        """The older word for "not real money"."""
        return self.environment != self.Environment.LIVE

    @property
    def socket_type(self) -> str:
        """The older pair of words, `demo` and `live`."""
        return "live" if self.environment == self.Environment.LIVE else "demo"


class AccountSecret(models.Model):
    """One sealed secret of an account; only a worker with the private key can open it."""

    class Field(models.TextChoices):
        API_KEY = "api_key"
        SECRET = "secret"  # noqa: S105 (the name of a field)
        PASSWORD = "password"  # noqa: S105 (the name of a field)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(ExchangeAccount, on_delete=models.CASCADE, related_name="secrets")
    field = models.CharField(max_length=10, choices=Field)
    ciphertext = models.BinaryField()
    sealed_key = models.BinaryField()
    key_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "field"], name="secret_once_per_field"),
            models.CheckConstraint(
                condition=models.Q(field__in=["api_key", "secret", "password"]),
                name="secret_field_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.account_id}"
