"""Where each address leads."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Flotilla"
admin.site.index_title = "Installation"

urlpatterns = [
    path("", include("apps.dashboard.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("apps.accounts.api")),
    path("api/", include("apps.operations.api")),
    path("api/", include("apps.ledger.api")),
    path("api/", include("apps.ledger.bots_api")),
    path("api/", include("apps.ledger.figures_api")),
    path("api/", include("apps.bots.strategies_api")),
    path("api/", include("apps.bots.api")),
    path("api/", include("apps.bots.check_api")),
    path("api/", include("apps.research.api")),
    path("api/", include("apps.research.search.api")),
]

handler404 = "apps.common.answers.unknown_address"
handler500 = "apps.common.answers.server_fault"
