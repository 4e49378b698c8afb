"""The admin's forms of a bot: what they ask is carried out by the services, or refused."""

import json
from abc import abstractmethod
from typing import Any, ClassVar

from django import forms
from django.db import transaction

from apps.accounts.models import User
from apps.bots import services
from apps.bots.catalogue import known_strategies
from apps.bots.models import Bot
from apps.bots.refusals import problem_of


def _strategy_choices() -> list[tuple[str, str]]:
    return [(name, item.title) for name, item in known_strategies().items()]


class ParameterField(forms.JSONField):
    """A JSON object of a strategy's parameters."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 10, "cols": 60, "spellcheck": "false"})
        super().__init__(required=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> dict[str, Any]:
        given = super().clean(value)
        if given in (None, ""):
            return {}
        if not isinstance(given, dict):
            raise forms.ValidationError('Give a JSON object such as {"period": 14}.')
        return given

    def prepare_value(self, value: Any) -> Any:
        return json.dumps(value, indent=2) if isinstance(value, dict) else value


class BotForm(forms.ModelForm):  # type: ignore[type-arg]
    """What both forms share. `actor` is set by the page: who is asking."""

    actor: ClassVar[User]
    parameters = ParameterField(
        help_text="Names, ranges and defaults are listed at /api/strategies. Empty: defaults."
    )
    bot: Bot

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.errors:
            return given
        # Only the service can tell whether it will do it, and a form can show errors only until
        # it is clean. The page's transaction takes everything back should it fail afterwards.
        try:
            with transaction.atomic():
                self.bot = self.carry_out(given)
        except services.BotRefused as error:
            self._show(error, str(given.get("strategy", self.instance.strategy)))
        return given

    @abstractmethod
    def carry_out(self, given: dict[str, Any]) -> Bot:
        """Do what the form asks; BotRefused when it cannot be."""

    def _show(self, error: ValueError, strategy: str) -> None:
        remedies = {name: str(field.help_text) for name, field in self.fields.items()}
        problem = problem_of(error, remedies=remedies, strategy=strategy)
        name = problem.field.partition(".")[0]
        text = f"{problem.detail} {problem.remedy}"
        self.add_error(name if name in self.fields else None, text.strip())


class NewBotForm(BotForm):
    """A bot to be created; it belongs to whom the account belongs."""

    symbol = forms.CharField(
        max_length=50, help_text="A market of the account's exchange, such as BTC/USDT."
    )
    strategy = forms.ChoiceField(choices=_strategy_choices)

    class Meta:
        model = Bot
        fields = ("name", "description", "account", "timeframe", "capital")
        help_texts = {"capital": "Above 0, in the market's quote asset."}

    def carry_out(self, given: dict[str, Any]) -> Bot:
        return services.create_bot(user=given["account"].user, actor=self.actor, **given)


class BotChangeForm(BotForm):
    """Name, description and configuration of a bot that exists."""

    apply_to_open = forms.BooleanField(
        required=False, help_text="Move targets and stops of open positions too."
    )

    class Meta:
        model = Bot
        fields = ("name", "description", "capital")
        help_texts = {"capital": "Above 0, in the quote asset."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.config:
            self.initial["parameters"] = self.instance.config.parameters

    def carry_out(self, given: dict[str, Any]) -> Bot:
        bot = Bot.objects.get(pk=self.instance.pk)
        words = {name: given[name] for name in ("name", "description")}
        services.describe_bot(bot=bot, actor=self.actor, **words)
        services.update_configuration(
            bot=bot,
            actor=self.actor,
            **{name: given[name] for name in ("parameters", "capital", "apply_to_open")},
        )
        return bot
