"""Paper venues: asked for once, kept whole or not at all, open without their source."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from apps.venues.simexchange.config import parse_config
from apps.venues.simexchange.prices import open_source
from apps.venues.simexchange.prices.generator import GeneratedSource
from tests.support.exchange import SimExchangeProcess, start_exchange
from workers.launch import paper
from workers.launch.errors import LaunchError
from workers.launch.installation import Installation
from workers.launch.options import parser
from workers.launch.paper import PaperWish
from workers.launch.state import StateFolder

SYMBOLS = ["BTC/USDT", "ETH/BTC"]
CONFIG = {
    "venues": {
        "origin": {
            "prices": {"kind": "generated", "seed": 7, "markets": SYMBOLS},
            "fees": {"maker": "0.0004", "taker": "0.0006"},
        }
    },
    "mode": "wall",
}
pytestmark = pytest.mark.scenario


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimExchangeProcess]:
    """What stands for the real exchange."""
    with start_exchange(tmp_path_factory.mktemp("origin"), CONFIG) as process:
        yield process


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    state = StateFolder(tmp_path / "state")
    state.path.mkdir()
    return Installation(state=state, port=8000)


def test_a_venue_is_kept_with_its_sources_rules_and_opens_while_the_source_is_away(
    origin: SimExchangeProcess, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPER_SOURCE_URL", origin.base_url("origin"))

    paper.ask_for(installation, wish=PaperWish("binance", ("BTC/USDT",)))
    paper.ask_for(installation, wish=PaperWish("binance", ("ETH/BTC", "BTC/USDT")))

    path = paper.exchange_config(installation.state)
    assert path is not None
    content = json.loads(path.read_text())
    config = parse_config(content)
    assert set(config.venues) == {"demo", "paper"}
    assert config.venues["paper"].prices["markets"] == SYMBOLS
    nowhere = {"urls": {"api": {"public": "http://127.0.0.1:1"}}}
    source = open_source({**config.venues["paper"].prices, "client": nowhere})
    asyncio.run(source.prepare())  # type: ignore[attr-defined]
    rules = {one.symbol: one for one in source.instruments()}
    for expected in GeneratedSource(seed=7, markets=SYMBOLS).instruments():
        kept = rules[expected.symbol]
        assert (kept.tick, kept.lot, kept.min_notional) == (
            expected.tick,
            expected.lot,
            expected.min_notional,
        )


@pytest.mark.parametrize(
    ("wish", "url", "said"),
    [
        (PaperWish("binance", ("BTC/USDT",)), "http://127.0.0.1:1", "binance cannot be reached"),
        (PaperWish("binance", ("DOGE/USDT",)), "origin", "binance has no market DOGE/USDT"),
        (PaperWish("nowhere", ("BTC/USDT",)), "origin", "give the ccxt.pro id of an exchange"),
    ],
)
def test_what_cannot_be_had_is_said_in_one_sentence_and_nothing_is_kept(
    wish: PaperWish,
    url: str,
    said: str,
    origin: SimExchangeProcess,
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = origin.base_url("origin") if url == "origin" else url
    monkeypatch.setenv("PAPER_SOURCE_URL", address)

    with pytest.raises(LaunchError) as refused:
        paper.ask_for(installation, wish=wish)

    assert said in str(refused.value)
    assert "Traceback" not in str(refused.value)
    assert list(installation.state.path.iterdir()) == []
    assert paper.exchange_config(installation.state) is None


def test_an_exchange_that_is_not_ours_is_not_told_what_to_mirror(tmp_path: Path) -> None:
    elsewhere = Installation(
        state=StateFolder(tmp_path), port=8000, simexchange_url="http://sim.example"
    )

    with pytest.raises(LaunchError, match="SIMEXCHANGE_URL"):
        paper.ask_for(elsewhere, wish=PaperWish("binance", ("BTC/USDT",)))


def test_markets_are_named_in_one_form_and_may_be_several(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = parser("up").parse_args(["--paper", "btc/usdt", "--paper", "ETH/BTC"])

    assert options.paper == ["BTC/USDT", "ETH/BTC"]
    assert options.paper_exchange == "binance"
    with pytest.raises(SystemExit):
        parser("up").parse_args(["--paper", "BTCUSDT"])
    assert "is not a market such as BTC/USDT" in capsys.readouterr().err


def test_each_exchange_has_a_venue_of_its_own() -> None:
    assert PaperWish("binance", ()).venue == "paper"
    assert PaperWish("kraken", ()).venue == "paper_kraken"


def test_a_paper_venue_has_no_candles_to_show_before_its_source_answered(
    installation: Installation,
    origin: SimExchangeProcess,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PAPER_SOURCE_URL", origin.base_url("origin"))
    paper.ask_for(installation, wish=PaperWish("binance", ("BTC/USDT",)))
    section = paper.venues(installation.state)["paper"]
    section["prices"]["client"] = {"urls": {"api": {"public": "http://127.0.0.1:1"}}}

    with start_exchange(tmp_path, {"venues": {"paper": section}}) as exchange:
        address = f"{exchange.base_url('paper')}/api/v3"
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{address}/klines?symbol=BTCUSDT&interval=1m", timeout=10)  # noqa: S310
        with urlopen(f"{address}/exchangeInfo", timeout=10) as answer:  # noqa: S310
            listed = json.load(answer)

    assert refused.value.code == 503
    refused.value.close()
    assert [market["symbol"] for market in listed["symbols"]] == ["BTCUSDT"]
