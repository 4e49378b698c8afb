"""Admin pages of the audit trail: to read, never to change."""

from typing import Any

import orjson
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.audit.models import AuditEvent
from apps.common.bounded import BoundedAdmin, since


def _events_meant(_request: HttpRequest, words: str) -> Q:
    """What a person did, or what was done to the row of an id."""
    people = get_user_model()._default_manager.filter(username__iexact=words)
    # The index begins with the kind of object.
    kinds = sorted({model._meta.label_lower for model in admin.site._registry})
    by_object = Q(object_type__in=kinds, object_id=words)
    return by_object | Q(actor_id__in=list(people.values_list("pk", flat=True)))


@admin.register(AuditEvent)
class AuditEventAdmin(BoundedAdmin):
    """Who changed what. Without the role admin a person sees what they did themselves."""

    owner = "actor_id"
    owners = _events_meant
    list_display = ("at_utc", "actor", "actor_kind", "verb", "object_type", "object_id", "became")
    list_display_links = ("at_utc",)
    list_filter = (since("at"), "actor_kind")
    search_help_text = "Name of a person, or id of a changed object"
    ordering = ("-id",)

    @admin.display(description="at (UTC)")
    def at_utc(self, event: AuditEvent) -> str:
        return f"{event.at:%Y-%m-%d %H:%M:%S}"

    @admin.display(description="became")
    def became(self, event: AuditEvent) -> SafeString:
        told: Any = event.after or {}
        return format_html('<span class="logline">{}</span>', orjson.dumps(told).decode()[:160])
