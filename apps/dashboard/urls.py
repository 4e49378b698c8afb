"""Addresses of the pages."""

from django.contrib.auth.views import LoginView, LogoutView
from django.templatetags.static import static
from django.urls import path
from django.utils.functional import lazy
from django.views.generic import RedirectView

from apps.dashboard import actions, bot_views, views
from apps.dashboard.frame import with_policy

_icon = lazy(static, str)("dashboard/favicon.svg")
_login = LoginView.as_view(
    template_name="dashboard/login.html", redirect_authenticated_user=True, next_page="fleet"
)

urlpatterns = [
    path("", views.fleet, name="fleet"),
    path("now", views.fleet_now, name="fleet-now"),
    path("bots/<int:number>/", bot_views.bot, name="bot-page"),
    path("bots/<int:number>/now", bot_views.bot_now, name="bot-page-now"),
    path("bots/<int:number>/log", bot_views.bot_log, name="bot-page-log"),
    path("bots/<int:number>/start", actions.start, name="bot-page-start"),
    path("bots/<int:number>/pause", actions.pause, name="bot-page-pause"),
    path("bots/<int:number>/stop", actions.stop, name="bot-page-stop"),
    path("login/", with_policy(_login), name="login-page"),
    path("logout/", LogoutView.as_view(next_page="login-page"), name="logout-page"),
    path("favicon.ico", RedirectView.as_view(url=_icon), name="favicon"),
]
