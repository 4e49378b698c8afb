"""The compiled backtest of several bots that share their money: bars in order of their closes."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.compile import compiled, entry_point
from apps.trading.kernel.layout import Bits, Fills, Floats, State, States, Times
from apps.trading.kernel.lookout import look_out
from apps.trading.kernel.loop import begin_bar, end_bar, is_lively, moments_of, walk
from apps.trading.kernel.risk import buying, exposure

# Per bot, side by side: what it uses of its account's money, and what it has at risk.
USED, AT_RISK, SUMS = 0, 1, 2
# Per account: its money, the most it may have at risk.
MONEY, MOST_AT_RISK, TERMS = 0, 1, 2


@compiled
def add_up(s: State, at: int, sums: Floats) -> None:
    """What the bot uses and has at risk now, from `at` on."""
    sums[at + USED] = s.bot.capital - s.bot.cash + buying(s, True)
    sums[at + AT_RISK] = exposure(s)


@compiled
def tell_others(
    s: State, k: int, account_of: Times, sums: Floats, terms: Floats, most_at_risk: float
) -> None:
    """What the others, of its account and of all, leave to bot k during its next bar."""
    account = account_of[k]
    money = terms[account * TERMS + MONEY]
    account_left = terms[account * TERMS + MOST_AT_RISK]
    all_left = most_at_risk
    for other in range(len(account_of)):
        if other == k:
            continue
        at_risk = sums[other * SUMS + AT_RISK]
        all_left -= at_risk
        if account_of[other] == account:
            money -= sums[other * SUMS + USED]
            account_left -= at_risk
    others = s.others
    others.money = money
    others.account_left = account_left
    others.installation_left = all_left


@compiled
def is_quiet(s: State, at: int, high: float, low: float, signal: int, bar_ms: int) -> bool:
    """Whether nothing can happen in this bar: its mark alone moves."""
    bot = s.bot
    if bot.fill_next or signal & bot.watch_signals or at >= bot.watch_time - bar_ms:
        return False
    return low > max(bot.watch_low, bot.fill_low) and high < min(bot.watch_high, bot.fill_high)


@entry_point
def run_together(
    states: States,
    order_of_bots: Times,
    order_of_rows: Times,
    time: Times,
    opened: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    signal: Bits,
    bar_ms: Times,
    account_of: Times,
    terms: Floats,
    most_at_risk: float,
    sums: Floats,
    fills: Fills,
    owners: Times,
) -> int:
    """Trade all bars of all bots; the number of fills, whose bots stand in `owners`.

    `order_of_bots` and `order_of_rows` say whose bar is next and which row of the columns it is;
    `bar_ms` and `account_of` are per bot.
    """
    n = 0
    for k in range(len(states)):
        look_out(states[k])
        add_up(states[k], k * SUMS, sums)
    for event in range(len(order_of_bots)):
        k = order_of_bots[event]
        i = order_of_rows[event]
        s = states[k]
        if is_quiet(s, time[i], high[i], low[i], signal[i], bar_ms[k]):
            s.bot.mark = close[i]
        else:
            tell_others(s, k, account_of, sums, terms, most_at_risk)
            looks = moments_of(s)
            before = n
            begin_bar(s, time[i], opened[i], looks)
            if is_lively(s, low[i], high[i], looks):
                n = walk(s, opened[i], high[i], low[i], close[i], fills, n)
            end_bar(s, time[i], high[i], close[i], signal[i], bar_ms[k], looks)
            for row in range(before, min(n, len(fills))):
                owners[row] = k
            look_out(s)
        add_up(s, k * SUMS, sums)
    return n
