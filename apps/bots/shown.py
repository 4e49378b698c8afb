"""How admin pages show a bot's state in one word, what the pre-flight check finds in a list."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from apps.bots.drafts import BotRefused
from apps.bots.findings import look_at_bot
from apps.bots.models import Bot
from apps.common.shown import Tone, chip
from apps.trading.preflight import Level

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


_LEVEL_TONES: dict[Level, Tone] = {
    Level.ERROR: "bad",
    Level.WARNING: "warn",
    Level.NOTE: "plain",
}


def preflight_list(bot: Bot) -> SafeString | str:
    """What the pre-flight check says of the configuration in force, worst first."""
    try:
        looked = look_at_bot(bot=bot)
    except BotRefused as error:
        return f"{error}."
    if looked is None:
        return ""
    lines = (
        (chip(finding.level.value, _LEVEL_TONES[finding.level]), finding.in_words())
        for finding in looked.findings
    )
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {}</li>", lines))
