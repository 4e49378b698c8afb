"""The form of an exchange account: its keys are typed in, and never shown again."""

from typing import Any

from django import forms
from django.conf import settings

from apps.accounts.keys import KeyUnavailable, read_public_key
from apps.accounts.models import AccountSecret, ExchangeAccount
from apps.common import look

KEY_FIELDS = tuple(AccountSecret.Field.values)


def _key_field(label: str, help_text: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        strip=True,
        max_length=4096,
        widget=look.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text=help_text,
    )


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """Fields of an account beside three write-only ones. Empty keys stay as they are."""

    api_key = _key_field("API key", "Sealed at once; only workers can open it. Empty: no change.")
    secret = _key_field("secret", "Given together with the API key.")
    password = _key_field("password", "Only for exchanges that ask for one.")

    class Meta:
        model = ExchangeAccount
        fields = ("user", "name", "exchange", "environment", "venue_name", "base_url")
        help_texts = {
            "exchange": "As ccxt names it, for example binance.",
            "venue_name": "Only for the simulated exchange: which of its venues.",
            "base_url": "Only for an exchange at an address of its own.",
        }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        self._refuse_second_name(given)
        if bool(given.get("api_key")) != bool(given.get("secret")):
            missing = "secret" if given.get("api_key") else "api_key"
            self.add_error(missing, "API key and secret belong together: give both, or none.")
        if self.secrets():
            try:
                read_public_key(settings.KEY_PUBLIC_FILE)
            except KeyUnavailable as error:
                raise forms.ValidationError(f"Keys cannot be stored: {error}") from None
        return given

    def _refuse_second_name(self, given: dict[str, Any]) -> None:
        owner = given.get("user") or getattr(self.instance, "user_id", None)
        same = ExchangeAccount.objects.filter(user=owner, name__iexact=given.get("name", ""))
        if owner and same.exclude(pk=self.instance.pk).exists():
            self.add_error("name", "There is an account of this name. Choose another name.")

    def secrets(self) -> dict[str, str]:
        """The keys that were typed in."""
        return {name: self.cleaned_data[name] for name in KEY_FIELDS if self.cleaned_data.get(name)}
