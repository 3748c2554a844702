"""What the laboratory's views share: who asks, what a form said, how a fault is told."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from songhua.model import BEIJING, BadInput, UnknownName
from songhua.store.registry.models import User
from songhua.web.templatetags.say import both

Thing = TypeVar("Thing")


def user_of(request: HttpRequest) -> User:
    """Return who asks; `needs` let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def region_of(user: User) -> str:
    """Return the region of a person's laboratory.

    Raises
    ------
    BadInput
        If the person has none.
    """
    if user.region_id is None:
        raise BadInput("您的账号没有管辖地区。", "Your account has no region.")
    return user.region_id


def told(request: HttpRequest, name: str, most: int = 1000) -> str:
    """Return a field of the form."""
    return request.POST.get(name, "")[:most].strip()


def day_told(request: HttpRequest, name: str) -> date:
    """Return a day of the form.

    Raises
    ------
    BadInput
        If it is none.
    """
    try:
        return date.fromisoformat(told(request, name, 20))
    except ValueError:
        raise BadInput("日期应写作 2026-11-05。", "Write the date as 2026-11-05.") from None


def time_told(request: HttpRequest, name: str) -> datetime:
    """Return an instant of the form, in Beijing's clock.

    Raises
    ------
    BadInput
        If it is none.
    """
    try:
        return datetime.fromisoformat(told(request, name, 30)).replace(tzinfo=BEIJING)
    except ValueError:
        raise BadInput(
            "时间应写作 2026-11-05 10:30。", "Write the time as 2026-11-05 10:30."
        ) from None


def temperature_told(request: HttpRequest, name: str) -> float | None:
    """Return a temperature of the form; None where it is empty.

    Raises
    ------
    BadInput
        If it is no number.
    """
    text = told(request, name, 20)
    try:
        return float(text) if text else None
    except ValueError:
        raise BadInput("温度不是数。", "The temperature is no number.") from None


def found(ask: Callable[[], Thing]) -> Thing:
    """Return what is asked for, or say that there is none."""
    try:
        return ask()
    except UnknownName:
        raise Http404 from None


def done(request: HttpRequest, where: str, act: Callable[[], str], **at: str) -> HttpResponse:
    """Do what a form asks and show the page again, with what came of it or what is wrong."""
    try:
        messages.success(request, act())
    except BadInput as fault:
        messages.error(request, both(fault))
    return HttpResponseRedirect(reverse(where, kwargs=at))
