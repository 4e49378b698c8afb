"""Request bodies: JSON whatever their label, every field checked and named."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, get_encoding  # type: ignore[attr-defined]

from apps.common.problems import FieldProblem, Invalid, TooLarge, field_problems

BODY_LIMIT = 1_000_000


class JsonBody(BaseParser):
    """A JSON object, whatever Content-Type it comes with. Numbers with a point stay exact."""

    media_type = "*/*"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        encoding = get_encoding(parser_context or {})
        raw = stream.read(BODY_LIMIT + 1)
        if len(raw) > BODY_LIMIT:
            raise TooLarge(f"The body is longer than {BODY_LIMIT} bytes. Send less.")
        try:
            body = json.loads(
                raw.decode(encoding), parse_float=Decimal, parse_constant=_refuse_constant
            )
        except (ValueError, RecursionError):
            raise ParseError(
                'The body is not JSON. Send an object such as {"name": "x"}.'
            ) from None
        if not isinstance(body, dict):
            raise ParseError('The body is not a JSON object. Send one such as {"name": "x"}.')
        return body


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)


def checked(
    serializer: type[serializers.Serializer[Any]], body: Any, *, partial: bool = False
) -> dict[str, Any]:
    """Return the fields a body gives. Invalid names each refused field and its remedy."""
    reader = serializer(data=dict(body), partial=partial)
    fields = reader.fields
    known = ", ".join(sorted(fields))
    unknown = [
        FieldProblem(
            field=name, detail=f"{name} is not a field here.", remedy=f"The fields are: {known}."
        )
        for name in body
        if name not in fields
    ]
    if reader.is_valid() and not unknown:
        return dict(reader.validated_data)
    remedies = {name: str(field.help_text or "") for name, field in fields.items()}
    refused = field_problems(errors=reader.errors, remedies=remedies)
    raise Invalid([*unknown, *refused])
