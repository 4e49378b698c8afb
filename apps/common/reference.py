"""How people name a row: by its UUID, or by its short number."""

from uuid import UUID

from django import forms
from django.db.models import Q

MAX_DIGITS = 18


def by_reference(text: str) -> Q | None:
    """Return the condition that finds the row meant, or None when it names none."""
    if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS:
        return Q(number=int(text))
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return None


class ReferenceField(forms.CharField):
    """A query parameter that names a row; cleans to the condition that finds it."""

    def clean(self, value: str) -> Q | None:
        text = super().clean(value)
        if not text:
            return None
        found = by_reference(text)
        if found is None:
            raise forms.ValidationError("This is neither a number nor an id.")
        return found
