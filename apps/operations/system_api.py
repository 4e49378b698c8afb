"""REST: what the whole installation may do: run, pause, emergency stop."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api import View, endpoint
from apps.common.body import checked
from apps.common.problems import Conflict, FieldProblem, Invalid
from apps.operations import services
from apps.operations.models import SystemState

EMERGENCY_STOP = SystemState.State.EMERGENCY_STOP.value


class StopAllWish(serializers.Serializer[Any]):
    """An emergency stop: what becomes of open positions, and why."""

    positions = serializers.ChoiceField(
        choices=SystemState.Positions.values,
        default=SystemState.Positions.LEAVE,
        help_text="Give leave (unprotected), guard (exits go on) or sell.",
    )
    reason = serializers.CharField(
        max_length=1000,
        required=False,
        default="",
        allow_blank=True,
        help_text="Say why; it is kept with the change.",
    )


class StateWish(StopAllWish):
    """Another state; `positions` counts for EMERGENCY_STOP only."""

    state = serializers.ChoiceField(
        choices=SystemState.State.values,
        help_text="Give RUNNING, PAUSED (exits go on) or EMERGENCY_STOP.",
    )


class State(View):
    """GET: what bots may do. POST: change it; to run again needs a reason."""

    def get(self, request: Request) -> Response:
        return Response(_shown(services.system_state()))

    def post(self, request: Request) -> Response:
        wish = checked(StateWish, request.data)
        asked, reason = wish["state"], wish["reason"]
        if asked == EMERGENCY_STOP:
            return _stop_all(self.caller, wish)
        if asked == SystemState.State.PAUSED:
            row = services.pause_system(actor=self.caller, reason=reason)
        else:
            row = _resume(self.caller, reason)
        if row.state != asked:
            raise Conflict(
                "An emergency stop is in force: it ends with RUNNING and a reason; pause after."
            )
        return Response(_shown(row))


class EmergencyStop(View):
    """POST: cancel every entry now, and guard, leave or sell what is open. Safe to repeat."""

    def post(self, request: Request) -> Response:
        return _stop_all(self.caller, checked(StopAllWish, request.data))


def _stop_all(caller: Any, wish: dict[str, Any]) -> Response:
    row = services.emergency_stop(
        actor=caller,
        reason=wish["reason"].strip() or "asked for by REST",
        positions=wish["positions"],
    )
    return Response(_shown(row))


def _resume(caller: Any, reason: str) -> SystemState:
    try:
        return services.resume_system(actor=caller, reason=reason)
    except services.ReasonMissing as missing:
        text = str(missing)
        remedy = "Say why trading may resume; it is kept with the change."
        raise Invalid([FieldProblem("reason", f"{text}.", remedy)]) from missing


def _shown(row: SystemState) -> dict[str, Any]:
    return {
        "state": row.state,
        "positions": row.positions if row.state == EMERGENCY_STOP else None,
        "reason": row.reason,
        "changed_by": row.changed_by.username if row.changed_by else None,
        "changed_at": None if row._state.adding else row.changed_at,
        "stop_at": row.stop_at,
    }


urlpatterns = [
    endpoint("system/state", State, "system-state"),
    endpoint("system/emergency-stop", EmergencyStop, "system-emergency-stop"),
]
