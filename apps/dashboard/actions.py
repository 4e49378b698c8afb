"""Start, pause and stop from the pages: the services the API calls, answered in a sentence."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from apps.accounts.models import User
from apps.bots import services
from apps.bots.models import Bot
from apps.bots.visible import find_bot
from apps.common.access import may_write
from apps.dashboard.frame import page, person

READ_ONLY = "A viewer may only look. Ask an admin for the role operator."
Deed = Callable[..., object]


@require_POST
@page
def start(request: HttpRequest, number: int) -> HttpResponse:
    """Let the bot trade."""
    return _done(request, number, _start, "{} is starting.")


@require_POST
@page
def pause(request: HttpRequest, number: int) -> HttpResponse:
    """No entries from now on; exits go on."""
    return _done(request, number, _pause, "{} is paused: no entries, exits go on.")


@require_POST
@page
def stop(request: HttpRequest, number: int) -> HttpResponse:
    """Stop; the form says what becomes of an open position."""
    kind = request.POST.get("position", "")

    def deed(bot: Bot, actor: User) -> None:
        services.stop_bot(bot=bot, actor=actor, kind=kind)

    return _done(request, number, deed, "{} is stopping.")


def _start(bot: Bot, actor: User) -> None:
    services.start_bot(bot=bot, actor=actor)


def _pause(bot: Bot, actor: User) -> None:
    services.pause_bot(bot=bot, actor=actor)


def _done(request: HttpRequest, number: int, deed: Deed, sentence: str) -> HttpResponse:
    user = person(request)
    bot = find_bot(reference=str(number), user=user)
    if not may_write(user):
        return _answer(request, READ_ONLY, HTTPStatus.FORBIDDEN)
    try:
        deed(bot, user)
    except ValueError as refusal:
        text = str(refusal)
        return _answer(request, f"{text[:1].upper()}{text[1:]}.", HTTPStatus.CONFLICT)
    return _answer(request, sentence.format(bot.name), HTTPStatus.OK)


def _answer(request: HttpRequest, sentence: str, status: HTTPStatus) -> HttpResponse:
    """To a script in JSON, to a form by sending the person back with a message."""
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"message": sentence, "ok": status == HTTPStatus.OK}, status=status)
    level = messages.SUCCESS if status == HTTPStatus.OK else messages.ERROR
    messages.add_message(request, level, sentence)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if ours else reverse("fleet")
