"""What a bot was configured to do, as one value and as a journal event."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from apps.trading.events import ConfigurationApplied
from apps.trading.instrument import Instrument
from apps.trading.plan import Plan
from apps.trading.risk import Limits

T = TypeVar("T", Plan, Limits)


@dataclass(frozen=True, slots=True)
class Configuration:
    """A version that people made, and the market's rules it was read with."""

    version: int
    strategy: str
    plan: Plan
    capital: Decimal
    limits: Limits
    instrument: Instrument


def to_event(configuration: Configuration) -> ConfigurationApplied:
    return ConfigurationApplied(
        version=configuration.version,
        strategy=configuration.strategy,
        plan=configuration.plan.to_json(),
        capital=configuration.capital,
        limits=configuration.limits.to_json(),
        instrument=configuration.instrument.to_json(),
    )


def from_event(event: ConfigurationApplied, *, before: Configuration) -> Configuration:
    """What an event configures; where it says nothing of the market, its rules stay.

    What is as before is the same value as before: thousands of bots are held in memory.
    """
    instrument = before.instrument
    if event.instrument and dict(event.instrument) != instrument.to_json():
        instrument = Instrument.from_json(event.instrument)
    return Configuration(
        version=event.version,
        strategy=event.strategy,
        plan=_same(Plan.from_json(event.plan), before.plan),
        capital=event.capital,
        limits=_same(Limits.from_json(event.limits), before.limits),
        instrument=instrument,
    )


def _same(read: T, before: T) -> T:
    """Equal is not enough: 100 and 100.0 are written differently."""
    return before if repr(read) == repr(before) else read
