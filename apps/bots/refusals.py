"""Turns a service's refusal, one sentence, into the field it speaks of and the remedy."""

import re
from collections.abc import Collection, Mapping

from apps.bots.catalogue import known_strategies
from apps.common.problems import FieldProblem

_FIRST_WORD = re.compile(r"\w+")
_TAIL = re.compile(r"[:;] (?=[^:;]+$)")


def problem_of(error: ValueError, *, remedies: Mapping[str, str], strategy: str) -> FieldProblem:
    """Find the field in a refusal. `remedies`: what to say of each field that exists."""
    text = str(error)
    field = _field(text, fields=remedies, parameters=_parameters(strategy))
    remedy = _remedy(text) or remedies.get(field.partition(".")[0], "")
    named = _FIRST_WORD.findall(text)[:1] == [field.rpartition(".")[2]]
    return FieldProblem(field, _sentence(text if named else f"{field}: {text}"), remedy)


def _parameters(strategy: str) -> Collection[str]:
    known = known_strategies().get(strategy)
    return () if known is None else {item.name for item in known.parameters}


def _field(text: str, *, fields: Collection[str], parameters: Collection[str]) -> str:
    """Services begin with the field's name; sizes and plan fields come of the parameters."""
    first = next(iter(_FIRST_WORD.findall(text)), "")
    if first in fields:
        return first
    return f"parameters.{first}" if first in parameters else "parameters"


def _remedy(text: str) -> str:
    """The part after the last colon or semicolon, unless all before it is the field's name."""
    parts = _TAIL.split(text)
    if len(parts) < 2 or _FIRST_WORD.fullmatch(parts[0]):
        return ""
    return _sentence(parts[1][:1].upper() + parts[1][1:])


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."
