"""Client order ids parse back to their bot, and a mistyped one to nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.trading.intent import ALPHABET, LENGTH, ParsedId, client_order_id, parse

INSTALLATIONS = st.text(ALPHABET, min_size=4, max_size=4)
BOTS = st.integers(0, 36**5 - 1)
SEQS = st.integers(0, 36**6 - 1)
LEGS = st.integers(0, 35)


@given(INSTALLATIONS, BOTS, SEQS, LEGS)
def test_an_id_parses_back_to_what_it_names(installation, bot_number, plan_seq, leg):
    text = client_order_id(
        installation=installation, bot_number=bot_number, plan_seq=plan_seq, leg=leg
    )

    assert len(text) == LENGTH == 18
    assert set(text) <= set(ALPHABET)
    assert parse(text) == ParsedId(installation, bot_number, plan_seq, leg)


@given(INSTALLATIONS, BOTS, SEQS, LEGS, st.integers(0, 17), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(installation, bot_number, plan_seq, leg, at, letter):
    text = client_order_id(
        installation=installation, bot_number=bot_number, plan_seq=plan_seq, leg=leg
    )
    wrong = text[:at] + letter + text[at + 1 :]

    assert (parse(wrong) is None) == (wrong != text)


@given(INSTALLATIONS, BOTS, SEQS, LEGS, st.integers(0, 16))
def test_two_swapped_neighbours_are_noticed(installation, bot_number, plan_seq, leg, at):
    text = client_order_id(
        installation=installation, bot_number=bot_number, plan_seq=plan_seq, leg=leg
    )
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]

    assert (parse(swapped) is None) == (swapped != text)


@given(st.text(max_size=24))
def test_foreign_texts_are_nobodys(text):
    found = parse(text)

    assert (
        found is None
        or client_order_id(
            installation=found.installation,
            bot_number=found.bot_number,
            plan_seq=found.plan_seq,
            leg=found.leg,
        )
        == text
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"installation": "ABCD"}, "installation 'ABCD' must be 4 characters of 0-9 and a-z"),
        ({"installation": "abc"}, "installation 'abc' must be 4 characters of 0-9 and a-z"),
        ({"bot_number": 36**5}, "bot_number 60466176 must lie between 0 and 60466175"),
        ({"plan_seq": -1}, "plan_seq -1 must lie between 0 and 2176782335"),
        ({"leg": 36}, "leg 36 must lie between 0 and 35"),
    ],
)
def test_parts_that_do_not_fit_are_refused_by_name(changes, message):
    parts = {"installation": "ab12", "bot_number": 1, "plan_seq": 1, "leg": 0, **changes}

    with pytest.raises(ValueError, match=message):
        client_order_id(**parts)
