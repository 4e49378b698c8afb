"""Admin pages of the installation: its state, and the processes that work for it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from apps.common.access import is_admin
from apps.common.admin import OwnedAdmin, ReadOnlyAdmin
from apps.common.shown import Tone, ago, chip
from apps.operations import services
from apps.operations.models import SystemState, WorkerProcess


class SystemStateForm(forms.ModelForm):  # type: ignore[type-arg]
    """State, what an emergency stop does with positions, and why."""

    class Meta:
        model = SystemState
        fields = ("state", "positions", "reason")
        help_texts = {
            "state": "PAUSED: exits only. EMERGENCY_STOP: every entry is cancelled now.",
            "positions": "Counts for EMERGENCY_STOP only.",
            "reason": "Required; kept with the change.",
        }

    def clean_reason(self) -> str:
        reason = str(self.cleaned_data["reason"]).strip()
        if not reason:
            raise forms.ValidationError("Say why the state changes; the reason is kept.")
        return reason

    def clean_state(self) -> str:
        asked = str(self.cleaned_data["state"])
        stopped = services.system_state().state == SystemState.State.EMERGENCY_STOP
        if stopped and asked == SystemState.State.PAUSED:
            raise forms.ValidationError("An emergency stop ends with RUNNING; pause after that.")
        return asked


@admin.register(SystemState)
class SystemStateAdmin(OwnedAdmin):
    """What every bot of the installation may do; changed by services, under the stop lock."""

    form = SystemStateForm
    list_display = ("what", "positions", "reason", "changed_by", "changed_at", "stop_at")
    list_select_related = ("changed_by",)
    readonly_fields = ("changed_by", "changed_at", "stop_at", "stop_epoch")
    fields = ("state", "positions", "reason", *readonly_fields)

    @admin.display(description="state")
    def what(self, row: SystemState) -> SafeString:
        tones: dict[str, Tone] = {"RUNNING": "good", "PAUSED": "warn"}
        return chip(row.state.replace("_", " "), tones.get(row.state, "bad"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        # No row means RUNNING; the first change makes the only row.
        return is_admin(request.user) and not SystemState.objects.exists()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        asked = form.cleaned_data
        actor, reason = self.person(request), asked["reason"]
        if asked["state"] == SystemState.State.EMERGENCY_STOP:
            services.emergency_stop(actor=actor, reason=reason, positions=asked["positions"])
        elif asked["state"] == SystemState.State.PAUSED:
            services.pause_system(actor=actor, reason=reason)
        else:
            services.resume_system(actor=actor, reason=reason)
        obj.pk = SystemState.ONLY
        obj.refresh_from_db()


@admin.register(WorkerProcess)
class WorkerProcessAdmin(ReadOnlyAdmin):
    """Processes that hold leases while they renew."""

    shared = True
    list_display = (
        "kind",
        "queue",
        "alive",
        "renewed",
        "running_for",
        "host",
        "pid",
        "ended_at",
    )
    list_filter = ("dead", "kind", "queue")
    search_fields = ("host", "pid")
    ordering = ("dead", "-renewed_at")

    @admin.display(description="state", ordering="dead")
    def alive(self, process: WorkerProcess) -> SafeString:
        if process.ended_at is not None:
            return chip("ended", "plain")
        if process.dead:
            return chip("dead", "bad", title="It did not renew its lease in time.")
        late = (timezone.now() - process.renewed_at).total_seconds() > settings.LEASE_TTL_S
        return chip("late", "warn") if late else chip("alive", "good")

    @admin.display(description="lease renewed", ordering="renewed_at")
    def renewed(self, process: WorkerProcess) -> str:
        return ago(process.renewed_at, stale_s=None if process.dead else settings.LEASE_TTL_S)

    @admin.display(description="started", ordering="started_at")
    def running_for(self, process: WorkerProcess) -> str:
        return ago(process.started_at)
