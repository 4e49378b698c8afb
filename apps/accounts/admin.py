"""Admin pages of people, their exchange accounts, and the tokens they call the API with."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from knox.models import AuthToken

from apps.accounts import services
from apps.accounts.forms import KEY_FIELDS, AccountForm
from apps.accounts.models import ExchangeAccount, User
from apps.accounts.money import money_at_stake
from apps.audit import services as audit
from apps.common.access import is_admin
from apps.common.admin import OwnedAdmin
from apps.common.look import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from apps.common.shown import Tone, ago, chip

# Roles say what a person may do, so the framework's groups would only mislead. knox's own page
# lets one make tokens for others.
admin.site.unregister(Group)
admin.site.unregister(AuthToken)

_MONEY_TONES: dict[str, Tone] = {"live": "bad", "testnet": "calm", "simulated": "good"}
_ABOUT_KEYS = (
    "Typed in, sealed at once, and never shown again: only worker processes can open them. Make "
    "keys that may read and trade, never withdraw, and bind them to this machine's address."
)
_AUDITED = ("username", "email", "role", "reporting_currency", "is_active", "is_staff")


@admin.register(User)
class PersonAdmin(OwnedAdmin, UserAdmin):  # type: ignore[type-arg]
    """People and their roles; everybody finds their own row here, admins find all."""

    owner = "pk"
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("number", "username", "email", "role", "is_active", "is_staff", "last_login")
    list_display_links = ("number", "username")
    list_filter = ("role", "is_active", "is_staff")
    ordering = ("number",)
    filter_horizontal = ()
    readonly_fields = ("number", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("number", "username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "reporting_currency")}),
        ("May do", {"fields": ("role", "is_active", "is_staff")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "usable_password", "password1", "password2")}),
        ("May do", {"fields": ("role", "is_staff")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and is_admin(request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        if is_admin(request.user) and obj != request.user:
            return fields
        # Nobody raises their own role, nor locks themselves out.
        return (*fields, "username", "role", "is_active", "is_staff")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = _audited(User.objects.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        audit.record(
            actor=self.person(request),
            verb="change_user" if change else "create_user",
            object=obj,
            before=before,
            after=_audited(obj),
        )

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        answer = super().user_change_password(request, id, form_url)
        if request.method == "POST" and answer.status_code == 302:
            audit.record(actor=self.person(request), verb="change_password", object=User(pk=id))
        return answer


def _audited(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in _AUDITED}


@admin.register(AuthToken)
class TokenAdmin(OwnedAdmin):
    """Tokens in use, by their first characters; deleting one ends it."""

    owner = "user"
    list_display = ("beginning", "user", "created", "expiry")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-created",)
    fields = ("beginning", "user", "created", "expiry")

    @admin.display(description="begins with", ordering="token_key")
    def beginning(self, token: AuthToken) -> str:
        return f"{token.token_key[:6]}…"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def delete_model(self, request: HttpRequest, obj: AuthToken) -> None:
        self.delete_queryset(request, AuthToken.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for token in queryset:
            audit.record(
                actor=self.person(request),
                verb="revoke_token",
                object=f"token {token.token_key[:6]}",
                before={"user": str(token.user_id)},
            )
        queryset.delete()


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(OwnedAdmin):
    """Exchange accounts. Keys go in and never come out: pages show which are stored."""

    owner = "user"
    form = AccountForm
    list_display = (
        "number",
        "name",
        "user",
        "exchange",
        "money",
        "state",
        "withdrawal",
        "keys_stored",
        "created",
    )
    list_display_links = ("number", "name")
    list_filter = ("exchange", "environment", "status", "withdraw_allowed")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "venue_name")
    ordering = ("-number",)
    actions = ("restore",)
    readonly_fields = (
        "number",
        "money",
        "status",
        "status_reason",
        "withdraw_allowed",
        "keys_stored",
        "stop_epoch",
        "created_at",
        "updated_at",
    )
    fixed = ("user", "exchange", "environment", "venue_name", "base_url")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExchangeAccount]:
        return super().get_queryset(request).prefetch_related("secrets")

    @admin.display(description="keys stored")
    def keys_stored(self, account: ExchangeAccount) -> str:
        if account.pk is None:
            return "none"
        return ", ".join(sorted(secret.field for secret in account.secrets.all())) or "none"

    @admin.display(description="money", ordering="environment")
    def money(self, account: ExchangeAccount) -> SafeString:
        words = money_at_stake(account=account)
        return chip(words, _MONEY_TONES.get(account.environment, "plain"))

    @admin.display(description="status", ordering="status")
    def state(self, account: ExchangeAccount) -> SafeString:
        tones: dict[str, Tone] = {"active": "good", "degraded": "warn"}
        return chip(account.status, tones.get(account.status, "bad"), title=account.status_reason)

    @admin.display(description="keys may withdraw", ordering="withdraw_allowed")
    def withdrawal(self, account: ExchangeAccount) -> SafeString:
        tones: dict[str, Tone] = {"no": "good", "yes": "bad"}
        return chip(account.withdraw_allowed, tones.get(account.withdraw_allowed, "plain"))

    @admin.display(description="created", ordering="created_at")
    def created(self, account: ExchangeAccount) -> str:
        return ago(account.created_at)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # An account's books belong to one exchange and environment: another needs a new account.
        return self.readonly_fields if obj is None else (*self.readonly_fields, *self.fixed)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        asked = ("user", "name", "exchange", "environment", "venue_name", "base_url")
        parts: list[Any] = [(None, {"fields": asked})]
        if obj is None or self.has_change_permission(request, obj):
            parts.append(("Keys", {"fields": KEY_FIELDS, "description": _ABOUT_KEYS}))
        if obj is not None:
            parts.append(("As it stands", {"fields": self.readonly_fields}))
        return parts

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            person = self.person(request)
            kwargs["initial"] = person.pk
            if not is_admin(person):
                kwargs["queryset"] = User.objects.filter(pk=person.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        secrets = form.secrets()
        if not change:
            made = services.create_account(
                actor=self.person(request),
                secrets=secrets or None,
                **{name: getattr(obj, name) for name in ("name", *self.fixed)},
            )
            obj.pk = made.pk
            obj.refresh_from_db()
            return
        if "name" in form.changed_data:
            super().save_model(request, obj, form, change)
            audit.record(
                actor=self.person(request),
                verb="rename_account",
                object=obj,
                before={"name": form.initial["name"]},
                after={"name": obj.name},
            )
        if secrets:
            services.store_secrets(account=obj, secrets=secrets, actor=self.person(request))

    @admin.action(description="Restore degraded accounts", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[ExchangeAccount]) -> None:
        reason = f"restored by {request.user} on the admin page"
        restored = sum(
            services.restore_account(
                account_id=account.pk, reason=reason, actor=self.person(request)
            )
            for account in queryset
        )
        self.message_user(request, f"{restored} restored; the others were not degraded.")
