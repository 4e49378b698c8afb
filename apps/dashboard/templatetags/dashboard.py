"""Tags: a cell that the page's script can patch, and an address with other query parameters."""

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

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


@register.simple_tag
def query(**parts: Any) -> str:
    """A query string of the parts that say something."""
    said = {name: value for name, value in parts.items() if value not in ("", None)}
    return f"?{urlencode(said)}"
