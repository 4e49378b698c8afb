"""Settings of the REST API: who may call, what a body is, how errors look."""

from datetime import timedelta

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.common.access.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    # A view that names no permission serves nobody.
    "DEFAULT_PERMISSION_CLASSES": ["apps.common.access.Denied"],
    "DEFAULT_PARSER_CLASSES": ["apps.common.body.JsonBody"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "apps.common.answers.answer",
    # The caller's address is the connection's: a header anybody can write does not count.
    "NUM_PROXIES": 0,
    "URL_FORMAT_OVERRIDE": None,
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=7)}
