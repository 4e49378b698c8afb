"""Facts from the exchange: booked once, attributed by client order id, never going back."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from apps.ledger import observations
from apps.ledger.models import LedgerEntry, VenueFill, VenueOrderState
from apps.trading.events import OrderAccepted
from apps.trading.order import VenueStatus
from tests.integration.rows.world import (
    AT,
    Hand,
    balance,
    make_bot,
    make_world,
    sending,
    taken_in,
    venue_fill,
    venue_order,
)

pytestmark = pytest.mark.django_db


def test_a_fill_books_signed_entries_of_its_bot_and_wakes_it() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1", fee="0.00001", fee_asset="BTC")

    first = observations.observe(account_id=world.account.id, orders=[], fills=[fill])
    again = observations.observe(account_id=world.account.id, orders=[], fills=[fill, fill])

    assert (first.bot_ids, first.new_fills) == ((hand.bot.id,), 1)
    assert (again.bot_ids, again.new_fills) == ((), 0)
    entries = LedgerEntry.objects.filter(bot=hand.bot).order_by("id")
    assert list(entries.values_list("asset", "amount", "cause")) == [
        ("BTC", Decimal("0.01"), "trade"),
        ("USDT", Decimal(-500), "trade"),
        ("BTC", Decimal("-0.00001"), "fee"),
    ]
    assert observations.unapplied(bot_id=hand.bot.id).fills == (fill,)


def test_a_fill_without_client_id_is_known_by_the_venue_id_of_an_accepted_order() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    name = intent.client_order_id
    hand.commit(intent, sending(name), OrderAccepted(name, f"v{name}", AT))
    nameless = replace(venue_fill(intent, "t1"), client_order_id=None)

    observations.observe(account_id=world.account.id, orders=[], fills=[nameless])

    stored = VenueFill.objects.get()
    assert (stored.bot_id, stored.client_order_id) == (hand.bot.id, name)


def test_a_fill_inside_an_order_takes_the_orders_client_id() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    nameless = replace(venue_fill(intent, "t1"), client_order_id=None)
    order = replace(venue_order(intent, VenueStatus.FILLED, "0.01"), fills=(nameless,))

    observed = observations.observe(account_id=world.account.id, orders=[order], fills=[nameless])

    assert observed.bot_ids == (hand.bot.id,)
    assert VenueFill.objects.get().bot_id == hand.bot.id


def test_an_observation_of_an_order_never_goes_back() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned(quantity="0.02")
    hand.commit(intent, sending(intent.client_order_id))

    for status, filled, at in (
        (VenueStatus.OPEN, "0.01", AT + 5),
        (VenueStatus.OPEN, "0", AT + 1),
        (VenueStatus.CANCELED, "0.01", AT + 9),
        (VenueStatus.OPEN, "0.01", AT + 50),
    ):
        order = venue_order(intent, status, filled, at=at)
        observations.observe(account_id=world.account.id, orders=[order], fills=[])

    stored = VenueOrderState.objects.get()
    assert (stored.status, stored.filled, stored.venue_ms) == ("canceled", Decimal("0.01"), AT + 9)
    (final,) = observations.unapplied(bot_id=hand.bot.id).orders
    assert (final.status, final.filled) == (VenueStatus.CANCELED, Decimal("0.01"))


def test_an_order_that_is_not_final_is_not_offered_and_one_of_nobody_wakes_nobody() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    stranger = replace(
        venue_order(intent, VenueStatus.FILLED, "0.01"), client_order_id="web_1", venue_order_id="9"
    )

    observed = observations.observe(
        account_id=world.account.id,
        orders=[venue_order(intent, VenueStatus.OPEN, "0"), stranger],
        fills=[],
    )

    assert observed.bot_ids == (hand.bot.id,)
    assert observations.unapplied(bot_id=hand.bot.id).orders == ()
    assert VenueOrderState.objects.get(venue_order_id="9").bot_id is None


def test_a_fill_taken_in_is_not_offered_again() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    fill = venue_fill(intent, "t1")
    observations.observe(account_id=world.account.id, orders=[], fills=[fill])

    hand.commit(taken_in(fill))

    assert observations.unapplied(bot_id=hand.bot.id).fills == ()
    assert VenueFill.objects.get().bot_seq == hand.seq


def test_a_foreign_fill_from_before_the_books_opened_is_part_of_the_opening_balance() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    old = replace(
        venue_fill(hand.planned(), "t1", at=1_000), client_order_id=None, venue_order_id="old"
    )

    observed = observations.observe(account_id=world.account.id, orders=[], fills=[old])

    assert observed.new_fills == 0
    assert balance(world, "USDT")[0] == Decimal(10000)


def test_an_account_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(LookupError, match="there is no exchange account"):
        observations.observe(account_id=uuid4(), orders=[], fills=[])


def test_what_many_tell_in_one_moment_is_booked_as_if_each_had_told_it_alone() -> None:
    world = make_world(USDT="10000")
    hands = [Hand(world, make_bot(world, name)) for name in ("a", "b", "c")]
    intents = [hand.planned() for hand in hands]
    for hand, intent in zip(hands, intents, strict=True):
        hand.commit(intent, sending(intent.client_order_id))
    fills = [venue_fill(intent, f"t{n}") for n, intent in enumerate(intents)]
    tellings = [
        observations.Telling(world.account.id, [venue_order(i, VenueStatus.FILLED, "0.01")], [f])
        for i, f in zip(intents, fills, strict=True)
    ]
    quiet = observations.Telling(world.account.id, [], [fills[0]])

    observed = observations.observe_together([*tellings, quiet])

    everybody = tuple(sorted(hand.bot.id for hand in hands))
    assert [observed[each].bot_ids for each in (*tellings, quiet)] == [everybody] * 4
    assert balance(world, "USDT")[0] == Decimal(10_000) - 3 * 500
    for hand, fill in zip(hands, fills, strict=True):
        unapplied = observations.unapplied(bot_id=hand.bot.id)
        assert unapplied.fills == (fill,)
        assert [order.filled for order in unapplied.orders] == [Decimal("0.01")]
    again = observations.observe_together(tellings)
    assert {(seen.bot_ids, seen.new_fills) for seen in again.values()} == {((), 0)}


def test_nothing_is_booked_when_one_of_the_accounts_is_unknown() -> None:
    world = make_world(USDT="10000")
    hand = Hand(world, make_bot(world))
    intent = hand.planned()
    hand.commit(intent, sending(intent.client_order_id))
    known = observations.Telling(world.account.id, [], [venue_fill(intent, "t1")])

    with pytest.raises(LookupError, match="there is no exchange account"):
        observations.observe_together([known, observations.Telling(uuid4(), [], [])])

    assert not VenueFill.objects.exists()
