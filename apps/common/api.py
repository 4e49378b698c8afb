"""What REST views share: addresses, amounts and times, filters, pages."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import URLPattern, re_path
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.common.access import ByRole, is_admin
from apps.common.problems import FieldProblem, Invalid

PAGE_LIMIT = 500


def endpoint(route: str, view: type[APIView], name: str) -> URLPattern:
    """One address, with or without a slash at its end; "{bot}" stands for a path segment."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route)
    return re_path(rf"^{pattern}/?$", view.as_view(), name=name)


class Amount(serializers.DecimalField):
    """A price, quantity or sum: a decimal string without idle zeros; reads numbers too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=38, decimal_places=18, **kwargs)

    def to_internal_value(self, given: Any) -> Decimal:
        if isinstance(given, bool):
            self.fail("invalid")
        return super().to_internal_value(given)

    def to_representation(self, value: Any) -> str:
        return plain(Decimal(value))


def plain(value: Decimal) -> str:
    """Write a decimal in full, without exponent and without zeros at the end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Moment(serializers.Field[int, int, str, Any]):
    """A time kept in milliseconds, shown in ISO form."""

    def to_representation(self, value: int) -> str:
        moment = datetime.fromtimestamp(value / 1000, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Pages(CursorPagination):
    """Pages by cursor: `limit` rows each, `next` and `previous` are complete addresses."""

    page_size = 50
    page_size_query_param = "limit"
    max_page_size = PAGE_LIMIT

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= PAGE_LIMIT):
            detail = f"limit is {given!r}, which is not a whole number from 1 to {PAGE_LIMIT}."
            raise Invalid([FieldProblem("limit", detail, f"Give 1 to {PAGE_LIMIT}, or nothing.")])
        return int(given)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        try:
            return super().paginate_queryset(queryset, request, view) or []
        except (NotFound, ValueError, ValidationError):
            # A cursor somebody edited: its position is no value of the column.
            detail = "cursor is not one this list gave out."
            raise Invalid(
                [FieldProblem("cursor", detail, "Leave it out to start at the first page.")]
            ) from None


class Query(django_filters.FilterSet):  # type: ignore[misc]
    """The query parameters of a list. One that is not declared is refused, not ignored."""

    everywhere = ("limit", "cursor", "all")

    @classmethod
    def narrow(cls, rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
        """Filter rows by what the request asks; Invalid names the parameter."""
        wish = cls(request.query_params, queryset=rows)
        known = [*wish.filters, *cls.everywhere]
        problems = [
            FieldProblem(
                name,
                f"{name} is not a filter of this list.",
                f"The filters are: {', '.join(known)}.",
            )
            for name in request.query_params
            if name not in known
        ]
        if not wish.is_valid():
            problems.extend(_form_problems(wish))
        if problems:
            raise Invalid(problems)
        found: QuerySet[Any] = wish.qs
        return found


def _form_problems(wish: Query) -> Iterable[FieldProblem]:
    for name, messages in wish.errors.items():
        remedy = str(wish.filters[name].extra.get("help_text", ""))
        yield FieldProblem(name, f"{name}: {' '.join(messages)}", remedy)


def sees_all(request: Request) -> bool:
    """Whether the request asks for everybody's objects and may: admins with ?all=true."""
    return request.query_params.get("all") == "true" and is_admin(request.user)


class View(APIView):
    """What our views share: roles decide, lists come in pages."""

    permission_classes = [ByRole]

    @property
    def caller(self) -> Any:
        """The signed-in user; the permission has seen to it that there is one."""
        return self.request.user

    def page(
        self,
        rows: QuerySet[Any],
        *,
        shape: type[serializers.BaseSerializer[Any]],
        order: tuple[str, ...],
    ) -> Response:
        """Answer one page of rows, newest first by `order`."""
        pages = Pages()
        pages.ordering = order
        found = pages.paginate_queryset(rows, self.request, self)
        return pages.get_paginated_response(shape(found, many=True).data)
