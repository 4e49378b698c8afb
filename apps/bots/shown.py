"""How admin pages show a bot's state in one word."""

from django.utils.safestring import SafeString

from apps.bots.models import Bot
from apps.common.shown import Tone, chip

_TONES: dict[str, Tone] = {
    "STARTING": "calm",
    "RUNNING": "good",
    "PAUSED": "warn",
    "STOPPING": "warn",
    "STOPPED": "plain",
    "ERROR": "bad",
}


def status_chip(bot: Bot) -> SafeString:
    """What workers report, and what people want where that differs."""
    observed, desired = bot.observed_status, bot.desired_status
    text = observed if observed == desired else f"{observed}, wanted {desired}"
    tone = _TONES.get(observed, "plain")
    if observed == "STOPPED" and desired != "STOPPED":
        tone = "warn"
    return chip(text, tone, title=bot.status_reason)
