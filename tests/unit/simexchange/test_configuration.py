"""A wrong configuration names the field and the remedy."""

from pathlib import Path
from typing import Any

import pytest

from apps.venues.simexchange.config import DEMO, ConfigError, parse_config, read_config
from apps.venues.simexchange.faults import FaultError, Faults


def venue(**section: Any) -> dict[str, Any]:
    return {"venues": {"demo": {"prices": {"kind": "generated"}, **section}}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "the configuration must be a JSON object"),
        ({"venues": {}}, "venues is empty"),
        ({"venues": {"sim": {}}}, "venues.sim: a name is letters, digits and _"),
        ({**DEMO, "mode": "fast"}, "mode is 'fast'; use one of wall, lockstep"),
        ({**DEMO, "speed": 1}, "has no field 'speed'"),
        ({"venues": {"demo": {}}}, "venues.demo.prices must be a JSON object"),
        ({"venues": {"demo": {"prices": {}}}}, "venues.demo.prices.kind is missing"),
        (venue(fees={"maker": 0.001}), "venues.demo.fees.maker must be a decimal in quotes"),
        (venue(fees={"taker": "1"}), "venues.demo.fees.taker is '1'; a fee is a fraction below"),
        (venue(fees={"taken_in": ""}), "venues.demo.fees.taken_in must be received"),
        (venue(limits={"orders_per_10s": 0}), "orders_per_10s must be a whole number above 0"),
        (venue(partial_fills="yes"), "venues.demo.partial_fills must be true or false"),
        (venue(colour="red"), "venues.demo has no field 'colour'"),
    ],
)
def test_a_wrong_configuration_names_its_field(content: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(content)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "exchange.json"
    broken.write_text("{")

    with pytest.raises(ConfigError, match=r"exchange\.json is not JSON"):
        read_config(broken)
    with pytest.raises(ConfigError, match=r"absent\.json cannot be read: No such file"):
        read_config(tmp_path / "absent.json")


def test_without_a_file_there_is_one_demo_venue() -> None:
    assert list(read_config(None).venues) == ["demo"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({}, "kind is None; use one of banned"),
        ({"kind": "drop", "times": 3}, "a fault has no field 'times'"),
        ({"kind": "drop", "count": "3"}, "count is '3'"),
        ({"kind": "drop", "count": True}, "count is True"),
        ({"kind": "drop", "count": -1}, "count must not be below 0"),
        ({"kind": "drop", "probability": 0}, "probability must be above 0"),
        ({"kind": "http_error", "status": 200}, "status must be between 400 and 599"),
    ],
)
def test_a_wrong_fault_names_its_field(fault: dict[str, object], message: str) -> None:
    with pytest.raises(FaultError, match=message):
        Faults().add(fault, now=0)


def test_a_fault_strikes_what_it_matches_as_often_as_it_says() -> None:
    faults = Faults()
    faults.add({"kind": "drop", "match": "POST */order", "count": 2}, now=0)

    hits = [faults.take("request", "POST /api/v3/order") for _ in range(3)]

    assert [hit is not None for hit in hits] == [True, True, False]
    assert faults.script() == []


def test_a_fault_leaves_other_requests_and_events_alone() -> None:
    faults = Faults()
    faults.add({"kind": "drop", "match": "POST */order", "count": 0}, now=0)

    assert faults.take("request", "GET /api/v3/order") is None
    assert faults.take("event", "POST /api/v3/order") is None
    assert faults.take("request", "POST /api/v3/order") is not None


def test_a_probability_strikes_a_share_that_a_seed_repeats() -> None:
    def hits() -> list[bool]:
        faults = Faults(seed=3)
        faults.add({"kind": "drop", "count": 0, "probability": 0.25}, now=0)
        return [faults.take("request", "x") is not None for _ in range(400)]

    assert hits() == hits()
    assert 60 < sum(hits()) < 140
