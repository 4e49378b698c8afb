"""Waits until the workers report what people asked of a bot."""

import time
from collections.abc import Callable

from apps.bots.models import Bot
from apps.common.console import Refused

LOOK_EVERY_S = 0.2


def wait_until(*, bot: Bot, status: str, patience_s: float, say: Callable[[str], None]) -> None:
    """Return once the bot is observed as `status`; Refused when it fails or takes too long."""
    until = time.monotonic() + patience_s
    told = ""
    while True:
        bot.refresh_from_db(fields=["observed_status", "status_reason"])
        now = f"{bot.observed_status}{f': {bot.status_reason}' if bot.status_reason else ''}"
        if bot.observed_status == status:
            return
        if now != told:
            say(f"{bot.name} is {now}")
            told = now
        if bot.observed_status == Bot.Observed.ERROR and status != Bot.Observed.STOPPED:
            raise Refused(f"{bot.name} failed: {bot.status_reason}")
        if time.monotonic() >= until:
            raise Refused(
                f"{bot.name} is still {now} after {patience_s:g} s: look at `bot status` later"
            )
        time.sleep(LOOK_EVERY_S)
