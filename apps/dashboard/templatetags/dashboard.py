"""Words of the templates: a patched cell, an amount, an address with other query parameters."""

from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from apps.dashboard.numbers import number
from apps.dashboard.rows import Row

register = template.Library()


@register.simple_tag
def cell(row: Row, name: str, css: str = "") -> SafeString:
    """One cell of a row, named so that its text and tone can be replaced."""
    shown = row.cells[name]
    return format_html(
        '<span class="{}" data-cell="{}" data-tone="{}" title="{}">{}</span>',
        css or "cell",
        name,
        shown.tone,
        shown.title,
        shown.text,
    )


@register.filter
def amount(value: Decimal) -> str:
    """Every digit it has, and no idle zeros: 10,000."""
    return number(value, max(0, -int(value.normalize().as_tuple().exponent)))


@register.simple_tag
def query(**parts: Any) -> str:
    """A query string of the parts that say something."""
    said = {name: value for name, value in parts.items() if value not in ("", None)}
    return f"?{urlencode(said)}"
