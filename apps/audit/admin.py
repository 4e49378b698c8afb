"""Admin pages of the audit trail: to read, never to change."""

from django.contrib import admin

from apps.audit.models import AuditEvent
from apps.common.admin import ReadOnlyAdmin


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who changed what. Without the role admin a person sees what they did themselves."""

    owner = "actor_id"
    list_display = ("at", "actor", "actor_kind", "verb", "object_type", "object_id")
    list_filter = ("actor_kind", "verb", "object_type")
    search_fields = ("actor", "object_id", "request_id")
    search_help_text = "Actor, id of the changed object, or request id"
    ordering = ("-id",)
