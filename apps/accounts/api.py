"""REST: log in, log out, who am I."""

from typing import Any

from django.contrib.auth import authenticate, logout
from django.contrib.auth.signals import user_logged_in, user_logged_out
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from apps.accounts.models import User
from apps.audit import services as audit
from apps.common.access import SignedIn
from apps.common.api import View, endpoint
from apps.common.body import checked


class LoginByAddress(SimpleRateThrottle):
    """Attempts per address of the caller."""

    scope = "login_address"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class LoginByName(SimpleRateThrottle):
    """Attempts per user name and address: guessing one person's password ends early."""

    scope = "login_name"
    rate = "10/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        body: Any = request.data
        name = str(body.get("username", "")).casefold()[:150]
        ident = f"{name}@{self.get_ident(request)}".encode().hex()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class Credentials(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150, help_text="Give your user name.")
    password = serializers.CharField(
        max_length=4096, trim_whitespace=False, help_text="Give your password."
    )


class Person(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ("id", "number", "username", "email", "role", "reporting_currency", "is_staff")


class Login(View):
    """POST: a user name and password for a token."""

    authentication_classes = ()
    permission_classes = [AllowAny]
    throttle_classes = [LoginByAddress, LoginByName]

    def post(self, request: Request) -> Response:
        given = checked(Credentials, request.data)
        user = authenticate(request._request, **given)
        if user is None:
            raise AuthenticationFailed("User name or password is wrong. Check both.")
        row, token = AuthToken.objects.create(user=user)
        user_logged_in.send(sender=User, request=request._request, user=user)
        audit.record(actor=user, verb="login", object=user, after={"expires_at": row.expiry})
        shown = Person(user).data
        return Response({"token": token, "expiry": row.expiry, "user": shown})

    def get_authenticate_header(self, request: Request) -> str:
        return "Bearer"


class Logout(View):
    """POST: end the token, or the session, that this request came with."""

    permission_classes = [SignedIn]

    def post(self, request: Request) -> Response:
        audit.record(actor=self.caller, verb="logout", object=self.caller)
        if isinstance(request.auth, AuthToken):
            request.auth.delete()
            user_logged_out.send(sender=User, request=request._request, user=self.caller)
        else:
            logout(request._request)
        return Response(status=204)


class Me(View):
    """GET: who the caller is, and what role they have."""

    permission_classes = [SignedIn]

    def get(self, request: Request) -> Response:
        return Response(Person(self.caller).data)


urlpatterns = [
    endpoint("auth/login", Login, "login"),
    endpoint("auth/logout", Logout, "logout"),
    endpoint("auth/me", Me, "me"),
]
