"""Pages of the rules: which hold, which held and will hold, a new one, the end of one."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import rulebook
from songhua.api.rulebook import Draft
from songhua.api.rules import base_rules
from songhua.api.v1.review import queue
from songhua.api.v1.review.evidence import KIND_WORDS
from songhua.model import BadInput
from songhua.quality.rules import KINDS
from songhua.standards import POLLUTANTS, QUANTITIES, quantity
from songhua.store.registry.models import CheckRule, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.templatetags.say import both

_FIELDS = ("kind", "quantity", "settings", "since", "until", "sites", "region", "why")
_MOST = 4_001


@require_GET
@needs(Action.SEE_IMPORTS)
def listed(request: HttpRequest) -> HttpResponse:
    """List the rules that people set, past and future, and those of the file below."""
    user, now = _user(request), rulebook.today()
    rows = [
        {
            "row": row,
            "title": _called(row.kind, row.quantity),
            "state": _state(row),
            "settings": _lines(row.settings),
            "may_end": user.may(Action.SET_CHECKS) and _state(row) in ("now", "future"),
        }
        for row in CheckRule.objects.select_related("region").order_by("-since", "-pk")
    ]
    base = [
        {"rule": one, "title": _called(one.kind, one.quantity), "settings": _lines(one.settings)}
        for one in base_rules()
    ]
    page = {
        "rows": rows,
        "base": base,
        "today": now,
        "may_set": user.may(Action.SET_CHECKS),
    }
    return render(request, "verdicts/rules.html", page)


@needs(Action.SET_CHECKS)
def new(request: HttpRequest) -> HttpResponse:
    """Show the form of a new rule, or keep what it says."""
    if request.method == "POST":
        draft = _draft(request)
        try:
            row = rulebook.add(draft, _user(request))
        except BadInput as fault:
            return _form(request, draft, fault=both((fault.zh, fault.en)), status=400)
        messages.success(request, _("已设定规则 %s。") % row.name)
        return redirect("verdicts:rules")
    asked = {name: request.GET.get(name, "")[:_MOST] for name in _FIELDS}
    if not asked["settings"]:
        like = (asked["kind"], asked["quantity"])
        found = [one for one in base_rules() if (one.kind, one.quantity) == like]
        asked["settings"] = _lines(found[0].settings) if found else ""
    asked["since"] = asked["since"] or rulebook.today().isoformat()
    return _form(request, Draft(**asked))


@require_POST
@needs(Action.SET_CHECKS)
def preview(request: HttpRequest) -> HttpResponse:
    """Show what a new rule would have flagged in the last days; nothing is kept."""
    draft = _draft(request)
    try:
        found = rulebook.preview(rulebook.drafted(draft, _user(request)))
    except BadInput as fault:
        return _form(request, draft, fault=both((fault.zh, fault.en)), status=400)
    names = {row["site"]: row for row in queue.sites_of(_user(request)).to_dicts()}
    by_site = [
        (
            both((names[key]["name_zh"], names[key]["name_en"])) if key in names else "",
            key,
            new,
            old,
        )
        for key, new, old in found.by_site
    ]
    return _form(request, draft, seen=found, by_site=by_site)


@require_POST
@needs(Action.SET_CHECKS)
def end(request: HttpRequest, key: int) -> HttpResponse:
    """End a rule."""
    told = request.POST
    try:
        row = rulebook.end(
            key, told.get("last", "")[:20], told.get("why", "")[:1000], _user(request)
        )
        messages.success(request, _("已终止规则 %s，过去的不变。") % row.name)
    except BadInput as fault:
        messages.error(request, both((fault.zh, fault.en)))
    return redirect("verdicts:rules")


def _form(
    request: HttpRequest,
    draft: Draft,
    *,
    fault: str = "",
    seen: rulebook.Preview | None = None,
    by_site: Sequence[tuple[str, str, int, int]] = (),
    status: int = 200,
) -> HttpResponse:
    known = queue.sites_of(_user(request)).select("city", "city_short", "city_en").unique().rows()
    page = {
        "draft": draft,
        "fault": fault,
        "seen": seen,
        "by_site": by_site,
        "days": rulebook.DAYS,
        "kinds": [
            (
                name,
                both(KIND_WORDS.get(name, (name, name))),
                ", ".join(kind.needs),
                ", ".join(kind.may),
            )
            for name, kind in KINDS.items()
        ],
        "quantities": [(key, quantity(key).symbol) for key in POLLUTANTS if key in QUANTITIES],
        "regions": sorted((code, both((zh, en))) for code, zh, en in known),
    }
    return render(request, "verdicts/rule_new.html", page, status=status)


def _draft(request: HttpRequest) -> Draft:
    return Draft(**{name: request.POST.get(name, "")[:_MOST] for name in _FIELDS})


def _state(row: CheckRule) -> str:
    now = rulebook.today()
    if row.until is not None and row.until < row.since:
        return "never"
    if row.since > now:
        return "future"
    return "past" if row.until is not None and row.until < now else "now"


def _called(kind: str, name: str) -> str:
    symbol = quantity(name).symbol if name in QUANTITIES else name
    return f"{symbol} {both(KIND_WORDS.get(kind, (kind, kind)))}"


def _lines(settings: Mapping[str, Any]) -> str:
    """Return settings as the lines a form takes."""
    return "\n".join(f"{name} = {_toml(value)}" for name, value in settings.items())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + " }"
    return str(value)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `needs` let nobody else in
    return request.user
