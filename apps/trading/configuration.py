"""What a bot was configured to do, as one value and as a journal event."""

from dataclasses import dataclass
from decimal import Decimal

from apps.trading.events import ConfigurationApplied
from apps.trading.instrument import Instrument
from apps.trading.plan import Plan
from apps.trading.risk import Limits


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
    """What an event configures; where it says nothing of the market, its rules stay."""
    instrument = before.instrument
    # One value serves all bots of a market, as long as it is written the same.
    if event.instrument and dict(event.instrument) != instrument.to_json():
        instrument = Instrument.from_json(event.instrument)
    return Configuration(
        version=event.version,
        strategy=event.strategy,
        plan=Plan.from_json(event.plan),
        capital=event.capital,
        limits=Limits.from_json(event.limits),
        instrument=instrument,
    )
