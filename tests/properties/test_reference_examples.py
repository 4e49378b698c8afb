"""The worked examples of docs/concepts/fills.md are what is traded."""

import pytest

from tests.reference.differ import kernel_lines, reference_lines
from tests.reference.examples import Example, agrees, examples

EXAMPLES = examples()


@pytest.mark.parametrize("teller", [kernel_lines, reference_lines], ids=["kernel", "reference"])
@pytest.mark.parametrize("example", EXAMPLES, ids=[example.title for example in EXAMPLES])
def test_a_worked_example_is_true(example: Example, teller):
    told = teller(example.world).fills

    assert len(told) == len(example.fills), told
    for said, line in zip(example.fills, told, strict=True):
        assert agrees(said, line), f"the page says {said}, {line} was traded"


def test_every_role_and_reason_has_an_example():
    said = [fill for example in EXAMPLES for fill in example.fills]

    assert {fill["role"] for fill in said} == {
        "entry", "exit", "stop", "profit", "safety", "grid_buy", "grid_sell",
    }  # fmt: skip
    assert {fill["reason"] for fill in said if "reason" in fill} == {
        "signal", "max_holding", "stop_loss", "trailing_stop", "break_even", "take_profit",
        "trailing_take_profit", "grid_stop",
    }  # fmt: skip


def test_a_page_that_lies_is_noticed():
    example = next(one for one in EXAMPLES if one.title == "Stop before target")
    said, told = example.fills[-1], reference_lines(example.world).fills[-1]
    lies = {"price": "99.01", "quantity": "0.999", "bar": "3", "reason": "take_profit"}

    assert agrees(said, told)
    assert not any(agrees({**said, name: lie}, told) for name, lie in lies.items())
