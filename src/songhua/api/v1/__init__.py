"""Version 1 of the API, assembled: one router a room, and how faults are said."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from songhua.api.reviews import ReviewStale
from songhua.api.v1 import (
    capture,
    cases,
    changes,
    cities,
    corrections,
    export,
    imports,
    lab,
    law,
    levels,
    links,
    map,
    observations,
    panel,
    review,
    search,
    series,
    station,
    verdicts,
    why,
)
from songhua.api.v1.security import NotAllowed
from songhua.model import BadInput, NoRuleInForce, UnknownName

_LOG = logging.getLogger(__name__)

api = NinjaAPI(
    title="松花 Songhua",
    version="1",
    description="全省生态环境监测。 A province's environmental monitoring.",
    docs_url=None,  # its page loads scripts from elsewhere; the platform works without the internet
    urls_namespace="api-v1",
)
for room in (
    levels,
    map,
    observations,
    panel,
    search,
    series,
    station,
    export,
    why,
    corrections,
    cities,
    law,
    imports,
    links,
    review,
    lab,
    cases,
    changes,
    verdicts,
    capture,
):
    api.add_router("v1", room.router)


def _say(request: HttpRequest, status: int, zh: str, en: str, **more: Any) -> HttpResponse:
    return api.create_response(request, {"zh": zh, "en": en, **more}, status=status)


@api.exception_handler(UnknownName)
def _unknown(request: HttpRequest, fault: UnknownName) -> HttpResponse:
    return _say(request, 404, fault.zh, fault.en)


@api.exception_handler(BadInput)
def _bad(request: HttpRequest, fault: BadInput) -> HttpResponse:
    return _say(request, 400, fault.zh, fault.en)


@api.exception_handler(ReviewStale)
def _stale(request: HttpRequest, fault: ReviewStale) -> HttpResponse:
    return _say(request, 409, fault.zh, fault.en, changed=fault.told())


@api.exception_handler(NoRuleInForce)
def _no_rule(request: HttpRequest, fault: NoRuleInForce) -> HttpResponse:
    day = fault.on.isoformat()
    return _say(
        request,
        404,
        f"{day} 没有生效的标准（{fault.family}）。",
        f"No edition of {fault.family} was in force on {day}.",
    )


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, fault: ValidationError) -> HttpResponse:
    names = [str(error["loc"][-1]) for error in fault.errors]
    return _say(
        request,
        422,
        f"请求的参数不对：{'、'.join(names)}。",
        f"These parameters cannot be used: {', '.join(names)}.",
        parameters=names,
    )


@api.exception_handler(NotAllowed)
def _not_allowed(request: HttpRequest, fault: NotAllowed) -> HttpResponse:
    return _say(request, 403, fault.zh, fault.en)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, _fault: AuthenticationError) -> HttpResponse:
    return _say(request, 401, "请先登录。", "Log in first.")


@api.exception_handler(HttpError)
def _http(request: HttpRequest, fault: HttpError) -> HttpResponse:
    if fault.status_code == 403:
        return _say(
            request,
            403,
            "没有权限，或页面已过期，请刷新后重试。",
            "Not allowed, or the page has expired: reload it.",
        )
    return _say(request, fault.status_code, "请求不能执行。", str(fault))


@api.exception_handler(Exception)
def _broken(request: HttpRequest, fault: Exception) -> HttpResponse:
    _LOG.error("request failed: %s", request.path, exc_info=fault)
    return _say(
        request,
        500,
        "服务器出错了，已记录。请稍后重试。",
        "Something broke; it was logged. Try again.",
    )
