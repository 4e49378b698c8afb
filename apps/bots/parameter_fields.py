"""Form fields of declared parameters, made from their JSON Schema.

Fractions are typed and shown as percent; what is stored stays a fraction. An empty field means
the preset's value, or the default.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from apps.common import look
from apps.common.api import plain
from apps.common.shown import duration
from apps.trading.params import Parameter
from apps.trading.strategy import Strategy

_FRACTION_EXAMPLE = re.compile(r" \([\d.]+ is [\d.]+ %\)")
_UNITS = {"fraction": "%", "s": "seconds", "quote": "quote asset"}


def field_name(*, strategy: str, parameter: str) -> str:
    """What the field is called among those of all strategies; a name holds no dot."""
    return f"{strategy}.{parameter}"


def parameter_fields(strategy: Strategy, *, filled: bool = False) -> dict[str, forms.Field]:
    """One field per parameter of the strategy, by its name in the form."""
    return declared_fields(strategy.parameters, of=strategy.name, filled=filled)


def declared_fields(
    declared: Sequence[Parameter], *, of: str, filled: bool = False, empty: str = ""
) -> dict[str, forms.Field]:
    """One field per declared parameter, by its name in the form.

    `filled`: the form shows a bot's own values, so an empty field means none, where that is
    allowed, and never a default. `empty`: what an empty field without a default means.
    """
    return {
        field_name(strategy=of, parameter=item.name): _field(
            item.schema(), filled=filled, empty=empty
        )
        for item in declared
    }


def preset_field(strategy: Strategy) -> forms.ChoiceField:
    """The strategy's presets, with what each stands for, for the page to show in empty fields."""
    known = [(name, f"{name}: {preset.help}") for name, preset in strategy.presets.items()]
    field = forms.ChoiceField(
        label="Preset",
        required=False,
        choices=[("", "none: empty fields take their defaults"), *known],
        widget=look.Select,
        help_text="Empty fields below take its values, shown in grey.",
    )
    properties = strategy.schema()["properties"]
    for name, preset in strategy.presets.items():
        for parameter, value in preset.values.items():
            shown = text_of(properties[parameter], value)
            field.widget.attrs[f"data-{name}.{parameter}"] = shown
    return field


def text_of(schema: Mapping[str, Any], value: Any) -> str:
    """A stored value as a person types it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        amount = Decimal(str(value))
        return plain(amount * 100 if schema.get("x-unit") == "fraction" else amount)
    return str(value)


def given_parameters(strategy: Strategy, cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The values that were typed in, by parameter; empty fields are left out."""
    return given_values(strategy.parameters, cleaned, of=strategy.name)


def given_values(
    declared: Sequence[Parameter], cleaned: Mapping[str, Any], *, of: str
) -> dict[str, Any]:
    """The same of any declared parameters."""
    named = {
        item.name: cleaned.get(field_name(strategy=of, parameter=item.name)) for item in declared
    }
    return {name: value for name, value in named.items() if value is not None}


# ---- one field ---------------------------------------------------------------------------------


def _field(schema: Mapping[str, Any], *, filled: bool, empty: str) -> forms.Field:
    optional = isinstance(schema["type"], list)
    words: dict[str, Any] = {
        "label": _label(schema),
        "required": filled and not optional,
        "help_text": _help(schema, filled=filled, optional=optional, empty=empty),
        "filled": filled,
        "empty": empty or "none",
    }
    kind = schema["type"][0] if optional else schema["type"]
    if kind in ("integer", "number"):
        return NumberBox(schema=schema, whole=kind == "integer", **words)
    if kind == "boolean":
        return Choice(schema=schema, values={"yes": True, "no": False}, **words)
    values = {value: value for value in schema["enum"] if value is not None}
    return Choice(schema=schema, values=values, **words)


class NumberBox(forms.Field):
    """A number in its declared range; says the range in the unit it is typed in."""

    def __init__(
        self, *, schema: Mapping[str, Any], whole: bool, filled: bool, empty: str, **words: Any
    ) -> None:
        self._schema, self._whole = schema, whole
        attributes = {"type": "number", "step": "1" if whole else "any", "inputmode": "decimal"}
        attributes |= {"data-parameter": "yes", "placeholder": empty}
        for name, bound in (("min", "minimum"), ("max", "maximum")):
            if bound in schema:
                attributes[name] = text_of(schema, schema[bound])
        if not filled:
            attributes["placeholder"] = text_of(schema, schema["default"]) or empty
        super().__init__(widget=look.TextInput(attrs=attributes), **words)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else text_of(self._schema, value)

    def to_python(self, value: Any) -> float | int | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or (self._whole and amount != int(amount)):
            wanted = "a whole number" if self._whole else "a number"
            raise forms.ValidationError(f"Give {wanted}{_range(self._schema)}.")
        stored = amount / 100 if self._schema.get("x-unit") == "fraction" else amount
        low, high = self._schema.get("minimum"), self._schema.get("maximum")
        if (low is not None and stored < Decimal(str(low))) or (
            high is not None and stored > Decimal(str(high))
        ):
            raise forms.ValidationError(f"{text} is out of range: give one{_range(self._schema)}.")
        return int(stored) if self._whole else float(stored)


class Choice(forms.TypedChoiceField):
    """One of a few words."""

    def __init__(
        self,
        *,
        schema: Mapping[str, Any],
        values: Mapping[str, Any],
        filled: bool,
        empty: str,
        **words: Any,
    ) -> None:
        self._schema = schema
        default = text_of(schema, schema["default"])
        nothing = [("", f"default: {default}" if default and not filled else empty)]
        super().__init__(
            choices=[*([] if words["required"] else nothing), *((name, name) for name in values)],
            coerce=values.__getitem__,
            empty_value=None,
            widget=look.Select,
            **words,
        )

    def prepare_value(self, value: Any) -> Any:
        return text_of(self._schema, value)


def _label(schema: Mapping[str, Any]) -> str:
    unit = schema.get("x-unit", "")
    return f"{schema['title']} ({_UNITS.get(unit, unit)})" if unit else str(schema["title"])


def _help(schema: Mapping[str, Any], *, filled: bool, optional: bool, empty: str) -> str:
    parts = [_described(schema)]
    allowed = _range(schema).strip()
    if allowed:
        parts.append(f"{allowed[:1].upper()}{allowed[1:]}.")
    default = text_of(schema, schema["default"])
    if schema.get("x-unit") == "s" and default:
        default += f" s, which is {duration(float(default))}"
    if default and not filled:
        parts.append(f"Empty: {default}.")
    elif empty:
        parts.append(f"Empty: {empty}.")
    elif filled:
        parts.append("May be empty." if optional else f"Default: {default}.")
    return " ".join(parts)


def _described(schema: Mapping[str, Any]) -> str:
    """The declared help, which speaks of fractions, for a field typed in percent."""
    text = str(schema["description"])
    return _FRACTION_EXAMPLE.sub("", text) if schema.get("x-unit") == "fraction" else text


def _range(schema: Mapping[str, Any]) -> str:
    unit = " %" if schema.get("x-unit") == "fraction" else ""
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    if high is None:
        return f" from {text_of(schema, low)}{unit}"
    return f" from {text_of(schema, low)} to {text_of(schema, high)}{unit}"
