"""Reads the worked examples of docs/concepts/fills.md and makes worlds of them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.reference.differ import Line
from tests.reference.worlds import BAR_MS, FREE, World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "fills.md"
MIDNIGHT = 1_700_006_400_000
BITS = {"": 0, "enter": 1, "exit": 2, "add": 4, "exit, enter": 3}
INSTRUMENT = {
    "symbol": "BTC/USDT",
    "base": "BTC",
    "quote": "USDT",
    "tick_size": "0.01",
    "lot_size": "0.001",
    "min_quantity": "0.001",
    "max_quantity": "0",
    "min_notional": "5",
    "maker_fee": "0.0005",
    "taker_fee": "0.001",
    "fee_taken_in": "quote",
}
EXAMPLE = re.compile(
    r"^\*\*(?P<title>[^*]+)\*\*(?P<words>.*?)^(?P<table>\|.*?)(?:\n\n|\Z)", re.MULTILINE | re.DOTALL
)
SETTING = re.compile(r"`(\w+) ([^`]+)`")
FILL = re.compile(r"(?P<role>\w+)(?: (?P<index>-?\d+))?: (?P<quantity>[\d.]+) at (?P<price>[\d.]+)"
                  r"(?:, fee (?P<fee>[\d.]+))?(?: \((?P<reason>\w+)\))?")  # fmt: skip


class Example(NamedTuple):
    """One worked example: the world, and per fill what the page says of it."""

    title: str
    world: World
    fills: list[dict[str, str]]


def examples(text: str = "") -> list[Example]:
    """Every one on the page, in its order."""
    text = (text or PAGE.read_text()).split("\n## Worked examples\n", 1)[1]
    return [_example(found) for found in EXAMPLE.finditer(text)]


def agrees(said: dict[str, str], line: Line) -> bool:
    """What the page leaves out is not compared; what it says must be so to the last digit."""
    known = {
        "bar": str((line.time - MIDNIGHT) // BAR_MS),
        "role": line.role,
        "index": str(line.index),
        "quantity": f"{line.quantity:.8f}",
        "price": f"{line.price:.8f}",
        "fee": f"{line.fee:.8f}",
        "reason": line.reason,
    }
    return all(_equal(value, known[name]) for name, value in said.items())


def _equal(said: str, known: str) -> bool:
    if "." in known:
        return abs(float(said) - float(known)) < 1e-8
    return said == known


def _example(found: re.Match[str]) -> Example:
    plan: dict[str, Any] = {}
    limits: dict[str, Any] = dict(FREE)
    instrument, rest = dict(INSTRUMENT), {"slippage": 0.0, "capital": "1000"}
    for name, value in SETTING.findall(found["words"]):
        if name in instrument:
            instrument[name] = value
        elif name in rest:
            rest[name] = value if name == "capital" else float(value)
        elif name in LIMIT_NAMES:
            limits[name] = _value(value)
        else:
            plan[name] = _value(value)
    rows = list(_rows(found["table"]))
    bars = [(MIDNIGHT + BAR_MS * int(bar), *map(float, prices)) for bar, prices, _, _ in rows]
    world = World(
        seed=0,
        plan=plan,
        limits=limits,
        instrument=instrument,
        slippage=rest["slippage"],
        capital=rest["capital"],
        bars=bars,
        bits=[BITS[signal] for _, _, signal, _ in rows],
        bar_ms=BAR_MS,
    )
    return Example(found["title"].rstrip("."), world, list(_said(rows)))


LIMIT_NAMES = frozenset(
    {
        "max_order_notional",
        "max_exposure",
        "max_open_positions",
        "max_orders_per_minute",
        "max_daily_loss",
        "max_price_deviation",
        "max_drawdown",
        "max_consecutive_losses",
        "loss_pause_s",
    }
)


def _rows(table: str) -> Iterator[tuple[str, list[str], str, str]]:
    for line in table.splitlines()[2:]:
        bar, prices, signal, fills = (cell.strip() for cell in line.strip().strip("|").split("|"))
        yield bar, prices.split(), signal, fills


def _said(rows: list[tuple[str, list[str], str, str]]) -> Iterator[dict[str, str]]:
    for bar, _, _, fills in rows:
        for text in filter(None, (part.strip() for part in fills.split(";"))):
            found = FILL.fullmatch(text)
            if found is None:
                raise ValueError(
                    f"{text!r} is no fill: role [k]: quantity at price[, fee x] [(why)]"
                )
            yield {"bar": bar, **{k: v for k, v in found.groupdict().items() if v is not None}}


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    if text.startswith(("[", "{")):
        return [
            dict(zip(("profit", "share"), map(float, pair.split()), strict=True))
            for pair in text.strip("[]").split(",")
        ]
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text
