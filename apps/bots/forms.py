"""The admin's forms of a bot: what they ask is carried out by the services, or refused."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db import transaction

from apps.accounts.models import User
from apps.bots import services
from apps.bots.catalogue import known_strategies
from apps.bots.models import Bot
from apps.bots.parameter_fields import (
    declared_fields,
    field_name,
    given_parameters,
    given_values,
    parameter_fields,
    preset_field,
)
from apps.bots.refusals import problem_of
from apps.bots.seen import SEEN, Unseen, refuse_unseen
from apps.common import look
from apps.common.api import plain
from apps.trading.params import Parameter
from apps.trading.strategy import Strategy
from apps.trading.terms import LIMIT_TERMS, PLAN_TERMS

PRESET = "preset"
# What the fields that every bot has are called after; the dash keeps strategies out.
PLAN, LIMITS = "bot-plan", "bot-limits"


def _strategy_choices() -> list[tuple[str, str]]:
    return [(name, item.title) for name, item in known_strategies().items()]


def new_bot_form() -> type["NewBotForm"]:
    """The form of a bot to be made, with the fields of every strategy."""
    fields: dict[str, forms.Field] = {}
    for strategy in known_strategies().values():
        fields[field_name(strategy=strategy.name, parameter=PRESET)] = preset_field(strategy)
        fields |= parameter_fields(strategy)
    fields |= _term_fields(filled=False)
    return type("NewBotForm", (NewBotForm,), fields)


def bot_change_form(bot: Bot) -> type["BotChangeForm"]:
    """The form of a bot that exists, with the fields of its strategy."""
    strategy = known_strategies().get(bot.strategy)
    fields = {} if strategy is None else parameter_fields(strategy, filled=True)
    fields |= _term_fields(filled=True)
    return type("BotChangeForm", (BotChangeForm,), fields)


def _term_fields(*, filled: bool) -> dict[str, forms.Field]:
    return {
        **declared_fields(PLAN_TERMS, of=PLAN, filled=filled, empty="as the strategy plans"),
        **declared_fields(LIMIT_TERMS, of=LIMITS, filled=filled, empty="no limit"),
    }


class BotForm(forms.ModelForm):  # type: ignore[type-arg]
    """What both forms share. `actor` is set by the page: who is asking."""

    actor: ClassVar[User]
    bot: Bot
    findings_seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        name = str(given.get("strategy", self.instance.strategy))
        self._forget_errors_of_others(name)
        if self.errors:
            return given
        # Only the service can tell whether it will do it, and a form can show errors only until
        # it is clean. The page's transaction takes everything back should it fail afterwards.
        try:
            with transaction.atomic():
                self.bot = self.carry_out(given)
                refuse_unseen(
                    self.bot, before=self.instance.config_id, seen=str(given.get(SEEN, ""))
                )
        except services.BotRefused as error:
            self._show(error, name)
        except Unseen as unseen:
            self._ask(unseen)
        return given

    def _ask(self, unseen: Unseen) -> None:
        """Show what was found; the same form sent once more is saved."""
        data: Any = self.data
        self.data = data.copy()
        self.data[self.add_prefix(SEEN)] = unseen.mark  # type: ignore[index]
        self.add_error(None, unseen.sentences)

    @abstractmethod
    def carry_out(self, given: dict[str, Any]) -> Bot:
        """Do what the form asks; BotRefused when it cannot be."""

    def _forget_errors_of_others(self, strategy: str) -> None:
        """What stands in the fields of strategies that were not chosen does not matter."""
        for name in [name for name in self.errors if "." in name]:
            if name.partition(".")[0] not in (strategy, PLAN, LIMITS):
                del self.errors[name]

    def _show(self, error: ValueError, strategy: str) -> None:
        remedies = {
            name: str(field.help_text) for name, field in self.fields.items() if "." not in name
        }
        problem = problem_of(error, remedies=remedies, strategy=strategy)
        said = str(error).removesuffix(".")
        # A refusal mostly ends with its remedy; what a field asks for is said where it does not.
        known = problem.remedy.removesuffix(".").casefold() in said.casefold()
        text = f"{said}." if known else f"{said}. {problem.remedy}"
        self.add_error(self._place_of(problem.field, said, strategy), text)

    def _place_of(self, field: str, refusal: str, strategy: str) -> str | None:
        """The form's field that a refusal is about; None for the whole form."""
        first = refusal.split(" ")[0]
        for of in (PLAN, LIMITS):
            name = field_name(strategy=of, parameter=first)
            if self.cleaned_data.get(name) is not None:
                return name
        place, _, parameter = field.partition(".")
        if place == "parameters":
            place = field_name(strategy=strategy, parameter=parameter)
        return place if place in self.fields else None


class NewBotForm(BotForm):
    """A bot to be created; it belongs to whom the account belongs."""

    symbol = forms.CharField(
        max_length=50,
        widget=look.TextInput,
        help_text="A market of the account's exchange, such as BTC/USDT.",
    )
    strategy = forms.ChoiceField(
        choices=_strategy_choices, widget=look.Select, help_text="Its parameters stand below."
    )

    class Meta:
        model = Bot
        fields = ("name", "description", "account", "timeframe", "capital")
        widgets: ClassVar[dict[str, Any]] = {"description": look.Textarea(attrs={"rows": 2})}
        help_texts = {"capital": "Above 0, in the market's quote asset."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("timeframe", "1m")
        accounts = list(self.fields["account"].queryset[:2])  # type: ignore[attr-defined]
        if len(accounts) == 1:
            self.initial.setdefault("account", accounts[0].pk)

    def carry_out(self, given: dict[str, Any]) -> Bot:
        strategy = known_strategies()[given["strategy"]]
        of_every_bot = {
            name: value for name, value in given.items() if "." not in name and name != SEEN
        }
        return services.create_bot(
            user=given["account"].user,
            actor=self.actor,
            parameters=given_parameters(strategy, given),
            preset=given[field_name(strategy=strategy.name, parameter=PRESET)],
            plan_changes=given_values(PLAN_TERMS, given, of=PLAN),
            limits=given_values(LIMIT_TERMS, given, of=LIMITS),
            **of_every_bot,
        )


class BotChangeForm(BotForm):
    """Name, description and configuration of a bot that exists."""

    apply_to_open = forms.BooleanField(
        required=False,
        widget=look.Switch,
        help_text="Move targets and stops of open positions too.",
    )

    class Meta:
        model = Bot
        fields = ("name", "description", "capital")
        widgets: ClassVar[dict[str, Any]] = {"description": look.Textarea(attrs={"rows": 2})}
        help_texts = {"capital": "Above 0, in the quote asset."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.config:
            self.initial["capital"] = plain(self.instance.capital)
            for parameter, value in self.instance.config.parameters.items():
                name = field_name(strategy=self.instance.strategy, parameter=parameter)
                self.initial[name] = value
            for of, values in ((PLAN, "plan_changes"), (LIMITS, "limits")):
                for term, value in getattr(self.instance.config, values).items():
                    self.initial[field_name(strategy=of, parameter=term)] = value

    def carry_out(self, given: dict[str, Any]) -> Bot:
        bot = Bot.objects.get(pk=self.instance.pk)
        words = {name: given[name] for name in ("name", "description")}
        services.describe_bot(bot=bot, actor=self.actor, **words)
        services.update_configuration(
            bot=bot,
            actor=self.actor,
            parameters=self._parameters(given),
            plan_changes=self._plan_changes(given),
            limits=self._limits(given),
            **{name: given[name] for name in ("capital", "apply_to_open")},
        )
        return bot

    def _plan_changes(self, given: dict[str, Any]) -> dict[str, Any]:
        """What the form says; what was not asked, as only the API can say it, stays."""
        before = self.instance.config.plan_changes if self.instance.config else {}
        asked = self._asked(PLAN_TERMS, of=PLAN)
        kept = {name: value for name, value in before.items() if name not in asked}
        return kept | given_values(PLAN_TERMS, given, of=PLAN)

    def _limits(self, given: dict[str, Any]) -> dict[str, Any]:
        """An emptied limit is none."""
        before = self.instance.config.limits if self.instance.config else {}
        emptied = dict.fromkeys(self._asked(LIMIT_TERMS, of=LIMITS), None)
        return {**before, **emptied, **given_values(LIMIT_TERMS, given, of=LIMITS)}

    def _asked(self, terms: Sequence[Parameter], *, of: str) -> list[str]:
        names = [item.name for item in terms]
        return [name for name in names if field_name(strategy=of, parameter=name) in self.data]

    def _parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        """Every value of the form: a field that was emptied means none."""
        strategy: Strategy | None = known_strategies().get(self.instance.strategy)
        if strategy is None:
            return {}
        emptied = dict.fromkeys((item.name for item in strategy.parameters if item.optional), None)
        return {**emptied, **given_parameters(strategy, given)}
