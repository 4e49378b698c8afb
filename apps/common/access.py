"""Who may call what: bearer tokens, and what each role may do."""

from typing import Any

from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request


class BearerAuthentication(TokenAuthentication):  # type: ignore[misc]
    """`Authorization: Bearer TOKEN`, the token being one of knox's."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def authenticate_credentials(self, token: bytes) -> Any:
        if not token.isascii():
            raise AuthenticationFailed("The token is not one of ours. Log in for a new one.")
        return super().authenticate_credentials(token)


def is_admin(user: Any) -> bool:
    """Whether a user may see and change what belongs to others."""
    return bool(user.is_superuser or getattr(user, "role", "") == "admin")


def may_write(user: Any) -> bool:
    """Whether a user may change what is theirs: everybody but viewers."""
    return is_admin(user) or getattr(user, "role", "") == "operator"


class Denied(BasePermission):
    """The default of every view: one that names no permission serves nobody."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False


class SignedIn(BasePermission):
    """Any signed-in user, whatever the role; for what concerns only the caller."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return bool(request.user and request.user.is_authenticated)


class ByRole(SignedIn):
    """Signed-in users read; operators and admins write."""

    message = "A viewer may only read. Ask an admin for the role operator."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        return request.method in SAFE_METHODS or may_write(request.user)
