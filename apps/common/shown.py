"""How admin pages show states, ages and amounts; the colours are in static/common/admin.css."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

Tone = Literal["good", "warn", "bad", "calm", "plain"]
_STEPS = ((120.0, 1.0, "s"), (7200.0, 60.0, "min"), (172_800.0, 3600.0, "h"))
DAY_S = 86_400.0


def chip(text: str, tone: Tone, *, title: str = "") -> SafeString:
    """A word in a coloured frame; the colour repeats what the word says."""
    return format_html('<span class="chip {}" title="{}">{}</span>', tone, title, text)


def ago(moment: datetime | None, *, stale_s: float | None = None) -> SafeString | str:
    """How long ago, amber when that is longer than `stale_s`."""
    if moment is None:
        return ""
    age_s = max((timezone.now() - moment).total_seconds(), 0.0)
    tone = "warn" if stale_s is not None and age_s > stale_s else "plain"
    return format_html(
        '<span class="age {}" title="{} UTC">{}</span>',
        tone,
        f"{moment:%Y-%m-%d %H:%M:%S}",
        duration(age_s),
    )


def duration(seconds: float) -> str:
    """A length of time in the unit people would choose."""
    for below, unit_s, name in _STEPS:
        if seconds < below:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds / DAY_S:.0f} d"


def signed(amount: Decimal, *, decimals: int, unit: str = "") -> SafeString:
    """An amount of profit or loss with its sign and colour."""
    text = f"{amount:+,.{decimals}f}"
    gone = not amount or not float(text.replace(",", ""))
    tone = "plain" if gone else "good" if amount > 0 else "bad"
    return format_html(
        '<span class="amount {}">{}</span>', tone, f"{text.lstrip('+-') if gone else text} {unit}"
    )


def decimals_of(asset: str) -> int:
    """Decimals that people read an asset's amounts with: cents of what is worth about a dollar."""
    return 2 if "USD" in asset or asset in {"EUR", "GBP", "DAI"} else 8
