"""REST: is the installation well?"""

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from apps.common.api import View, endpoint
from apps.operations import system_api
from apps.operations.health import examine


class HealthProbe(View):
    """GET: 503 when database or broker is away; the web is well even while no worker is seen."""

    authentication_classes = ()
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        health = examine()
        body = {
            "status": health.status,
            "database": "ok" if health.database else "unreachable",
            "broker": "ok" if health.broker else "unreachable",
            "workers": health.workers,
        }
        return Response(body, status=503 if health.status == "failing" else 200)


urlpatterns = [endpoint("health", HealthProbe, "health"), *system_api.urlpatterns]
