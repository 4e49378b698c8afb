"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from rest_framework import exceptions
from rest_framework.settings import api_settings

MEDIA_TYPE = "application/problem+json"
_REMEDIES = {
    "required": "Add the field.",
    "null": "Give a value other than null.",
    "blank": "Give a text that is not empty.",
    "not_a_dict": "Give a JSON object.",
    "unknown": "Remove the field, or check its spelling.",
}
_TYPES = {
    400: "invalid-request",
    401: "not-authenticated",
    403: "not-allowed",
    404: "not-found",
    409: "conflict",
    429: "too-many-requests",
}


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that was refused. `field` is a dotted path into the body, or a query parameter."""

    field: str
    detail: str
    remedy: str = ""


class Invalid(exceptions.APIException):
    """A request whose fields were refused; nothing was written. Answers 400."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "invalid"

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.detail for problem in problems))


class Conflict(exceptions.APIException):
    """The request is sound, but the present state does not admit it. Answers 409."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"

    def __init__(self, detail: str, problems: Sequence[FieldProblem] = ()) -> None:
        self.problems = tuple(problems)
        super().__init__(detail)


class TooLarge(exceptions.APIException):
    """The body is longer than any honest request. Answers 413."""

    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"


def field_problems(
    *, errors: Any, remedies: Mapping[str, str] | None = None
) -> Iterator[FieldProblem]:
    """Flatten a serializer's nested errors; `remedies` gives sentences by dotted field."""
    yield from _walk(errors, "", remedies or {})


def _walk(errors: Any, path: str, remedies: Mapping[str, str]) -> Iterator[FieldProblem]:
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            nested = path if name == api_settings.NON_FIELD_ERRORS_KEY else _join(path, str(name))
            yield from _walk(inner, nested, remedies)
        return
    if isinstance(errors, list | tuple):
        for position, inner in enumerate(errors):
            nested = _join(path, str(position)) if isinstance(inner, Mapping) else path
            yield from _walk(inner, nested, remedies)
        return
    code = getattr(errors, "code", "")
    field = path or "body"
    remedy = remedies.get(field) or _REMEDIES.get(code, "")
    yield FieldProblem(field=field, detail=_sentence(field, str(errors), code), remedy=remedy)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _sentence(field: str, message: str, code: str) -> str:
    """Name the field: "This field is required." says too little in a list of sentences."""
    if code == "required":
        return f"{field} is required."
    message = message.removeprefix("This field ")
    return message if message.startswith(field) else f"{field}: {message}"


def problem(
    *, status: int, detail: str, path: str = "", problems: Sequence[FieldProblem] = ()
) -> dict[str, Any]:
    """Build a problem document."""
    name = _TYPES.get(status, HTTPStatus(status).phrase.lower().replace(" ", "-"))
    document: dict[str, Any] = {
        "type": f"urn:flotilla:problem:{name}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
    }
    if path:
        document["instance"] = path
    if problems:
        document["errors"] = [asdict(item) for item in problems]
    return document
