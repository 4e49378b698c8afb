"""How exceptions are answered: a problem document under /api/, Django's pages elsewhere."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from apps.common.problems import (
    MEDIA_TYPE,
    Conflict,
    FieldProblem,
    Invalid,
    field_problems,
    problem,
)


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn an exception of a view into a problem; REST_FRAMEWORK names this function."""
    known = _known(error)
    if known is None:
        return None  # a fault of ours: logged and answered by `server_fault`
    set_rollback()
    request = context.get("request")
    document = problem(
        status=known.status_code,
        detail=_detail(known),
        path=request.path if request is not None else "",
        problems=_problems(known),
    )
    return Response(
        document, status=known.status_code, headers=_headers(known), content_type=MEDIA_TYPE
    )


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound(str(error) or None)
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied(str(error) or None)
    if isinstance(error, ValidationError):
        return exceptions.ValidationError(error.messages)
    return None


def _problems(error: exceptions.APIException) -> tuple[FieldProblem, ...]:
    if isinstance(error, Invalid | Conflict):
        return error.problems
    if isinstance(error, exceptions.ValidationError):
        return tuple(field_problems(errors=error.detail))
    return ()


def _detail(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return " ".join(item.detail for item in _problems(error))
    return str(error.detail)


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers


def _plain(request: HttpRequest, status: int, detail: str) -> JsonResponse:
    document = problem(status=status, detail=detail, path=request.path)
    return JsonResponse(document, status=status, content_type=MEDIA_TYPE)


def unknown_address(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that leads nowhere: a problem under /api/, Django's page elsewhere."""
    if request.path.startswith("/api/"):
        return _plain(request, 404, f"There is nothing at {request.path}.")
    return defaults.page_not_found(request, exception)


def server_fault(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours without saying anything about it; the log has it."""
    if request.path.startswith("/api/"):
        return _plain(request, 500, "The server failed; the fault is logged. Try again later.")
    return defaults.server_error(request)
