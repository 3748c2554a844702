"""Leads: the list with its strip, one with its picture and explanations, what becomes of it."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import casework, ports
from songhua.model import BEIJING, BadInput
from songhua.quality.fraud.lead import KINDS
from songhua.standards import PROVINCE
from songhua.store.registry import cases, leads
from songhua.store.registry.leads import Note
from songhua.store.registry.models import FraudRun, Lead, Region, User
from songhua.store.registry.rights import Action, stem
from songhua.web.access import needs
from songhua.web.cases import pictures
from songhua.web.lab.asked import day_told, done, found, told, user_of
from songhua.web.templatetags.say import both, instant, place

PAGE = 50
_MOST_DRAWN = 300
_LONG = 30
"""Below so many days the curves of false leads, fixed on long series, tell little."""
_STATES = (*casework.LEAD_STATES, "all")


@require_GET
@needs(Action.INVESTIGATE)
def listed(request: HttpRequest) -> HttpResponse:
    """Show the leads of the person's region, unhandled ones first asked for."""
    user = user_of(request)
    asked = _asked(request)
    rows = _filtered(leads.leads_of(user), asked).select_related("region")
    shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    drawn = list(rows.defer("evidence", "innocent")[:_MOST_DRAWN])
    names = casework.site_names(one.site_id for one in (*shown, *drawn))
    page = {
        "asked": asked,
        "listed": shown,
        "rows": [row_of(one, names) for one in shown],
        "strip": pictures.strip(drawn, names),
        "kinds": KINDS.items(),
        "states": [(one, casework.LEAD_STATES.get(one)) for one in _STATES],
        "regions": regions_of(user),
        "run": _last_run(user),
        "today": timezone.now().astimezone(BEIJING).date().isoformat(),
    }
    return render(request, "cases/leads.html", page)


@require_GET
@needs(Action.INVESTIGATE)
def shown(request: HttpRequest, key: str) -> HttpResponse:
    """Show a lead: picture, numbers, explanations, what became of it."""
    user = user_of(request)
    lead = found(lambda: leads.lead_named(user, key))
    mine = cases.cases_of(user)
    joined = lead.joins.filter(ended_at=None).select_related("case").first()
    page = {
        **page_of(lead),
        "events": event_rows(lead.events.select_related("case", "lead")),
        "joined": joined,
        "may_see_case": joined is not None and mine.filter(pk=joined.case_id).exists(),
        "open_cases": [
            one
            for one in mine.exclude(state="closed")[:100]
            if lead.region_id.startswith(stem(one.region_id))
        ],
        "case_regions": _case_regions(user, lead),
    }
    return render(request, "cases/lead.html", page)


@require_POST
@needs(Action.INVESTIGATE)
def dismiss(request: HttpRequest, key: str) -> HttpResponse:
    """Dismiss a lead, with a reason."""
    user = user_of(request)
    lead = found(lambda: leads.lead_named(user, key))

    def act() -> str:
        leads.dismiss(lead, user.get_username(), told(request, "why"), note_by(user))
        return _("已排除这条线索。")

    return done(request, "cases:lead", act, key=key)


@require_POST
@needs(Action.INVESTIGATE)
def restore(request: HttpRequest, key: str) -> HttpResponse:
    """Take up a lead again that was dismissed."""
    user = user_of(request)
    lead = found(lambda: leads.lead_named(user, key))

    def act() -> str:
        leads.restore(lead, user.get_username(), told(request, "why"), note_by(user))
        return _("已恢复这条线索。")

    return done(request, "cases:lead", act, key=key)


@require_POST
@needs(Action.INVESTIGATE)
def join(request: HttpRequest, key: str) -> HttpResponse:
    """Join a lead into a case that is open, or open one for it."""
    user = user_of(request)
    lead = found(lambda: leads.lead_named(user, key))

    def act() -> str:
        number = told(request, "case", 20)
        why = told(request, "why")
        if number:
            case = found(lambda: cases.case_numbered(user, number))
        else:
            case = cases.open_case(
                user, title=told(request, "title", 200), region=told(request, "region", 6),
                why=why, note=note_by(user),
            )  # fmt: skip
        cases.join(case, lead, user, why, note_by(user))
        return _("已并入案件 %s。") % case.number

    return done(request, "cases:lead", act, key=key)


@require_POST
@needs(Action.INVESTIGATE)
def run(request: HttpRequest) -> HttpResponse:
    """Start the detectors on a region and span."""
    user = user_of(request)
    try:
        order = _order(request, user)
        job_id = ports.platform().look_for_fraud(order)
    except BadInput as fault:
        answer = {"fault": fault}
        return render(request, "cases/run.html", answer, status=400)
    return redirect("cases:run_job", job_id=job_id)


@require_GET
@needs(Action.INVESTIGATE)
def run_job(request: HttpRequest, job_id: str) -> HttpResponse:
    """Show how the detectors come along; the part alone where the page asks for it."""
    job = ports.platform().job(job_id)
    if job is None or job.kind != "fraud":
        raise Http404
    page = {
        "job": job,
        "share": round(100 * job.done / job.total) if job.total else 0,
        "phase": KINDS.get(job.phase),
        "result": dict(job.result),
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "cases/job.html" if part else "cases/run.html", page)


@require_POST
@needs(Action.INVESTIGATE)
def run_stop(request: HttpRequest, job_id: str) -> HttpResponse:
    """Ask the detectors to stop at the next one."""
    job = ports.platform().job(job_id)
    if job is None or job.kind != "fraud":
        raise Http404
    ports.platform().stop(job_id)
    return redirect("cases:run_job", job_id=job_id)


def page_of(lead: Lead) -> dict[str, Any]:
    """Return what a page or a case file shows of a lead."""
    names = casework.site_names([lead.site_id, lead.other_site])
    numbers = lead.evidence.get("numbers", {})
    source = numbers.get("repeats_from")
    return {
        **row_of(lead, names),
        "other": names.get(lead.other_site),
        "digest": leads.digest_of(lead.evidence),
        "looked_at": casework.LOOKED_AT.get(lead.detector),
        "course": pictures.course(lead),
        "digits": pictures.digits(lead),
        "numbers": [
            (casework.NUMBERS[key], number)
            for key, number in numbers.items()
            if key in casework.NUMBERS
        ],
        "source_at": None if source is None else datetime.fromtimestamp(source / 1e6, BEIJING),
        "false_a_year": None if lead.score <= 0 else 1 / lead.score - 1,
        "short_days": days if (days := lead.evidence.get("days", _LONG)) < _LONG else None,
        "innocent": [
            {**one, "outcome_words": casework.words_of(casework.OUTCOMES, one["outcome"])}
            for one in lead.innocent
        ],
    }


def row_of(lead: Lead, names: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return a lead with what it is called."""
    return {
        "lead": lead,
        "name": names.get(lead.site_id, {}),
        "kind": KINDS.get(lead.detector, (lead.detector, lead.detector)),
        "also": [KINDS.get(one, (one, one)) for one in lead.evidence.get("also", ())],
        "state": casework.words_of(casework.LEAD_STATES, lead.state),
        "days": (lead.end - lead.start) / timedelta(days=1),
    }


def event_rows(events: Any) -> list[dict[str, Any]]:
    """Return events with their words and what changed, as text."""
    return [
        {
            "event": one,
            "what": casework.words_of(casework.WHAT, one.what),
            "before": _plain(one.before),
            "after": _plain(one.after),
        }
        for one in events
    ]


def note_by(user: User) -> Note:
    """Return what puts a person's acts in the journal."""
    return lambda what, body: ports.platform().note_case(what, body, user.get_username())


def regions_of(user: User) -> list[Region]:
    """Return the regions a person may ask about: their own and the cities within."""
    if user.is_superuser or user.region_id is None:
        return list(Region.objects.filter(own=True, level__in=("province", "city")))
    within = Q(code__startswith=stem(user.region_id), level__in=("province", "city"), own=True)
    return list(Region.objects.filter(within | Q(code=user.region_id)))


def _case_regions(user: User, lead: Lead) -> list[Region]:
    """Return the regions a new case for a lead may have: its city, or the whole province."""
    wanted = [code for code in (lead.region_id, PROVINCE) if user.covers(code)]
    return sorted(Region.objects.filter(code__in=wanted), key=lambda one: wanted.index(one.code))


def _asked(request: HttpRequest) -> dict[str, str]:
    names = ("detector", "site", "region", "state", "least")
    asked = {name: request.GET.get(name, "").strip()[:40] for name in names}
    asked["state"] = asked["state"] if asked["state"] in _STATES else "new"
    return asked


def _filtered(rows: QuerySet[Lead], asked: Mapping[str, str]) -> QuerySet[Lead]:
    if asked["state"] != "all":
        rows = rows.filter(state=asked["state"])
    if asked["detector"]:
        rows = rows.filter(detector=asked["detector"])
    if asked["region"]:
        rows = rows.filter(region__code__startswith=stem(asked["region"][:6]))
    if site := asked["site"]:
        named = Q(site_id=site) | Q(site__periods__name_zh__icontains=site)
        rows = rows.filter(
            pk__in=rows.filter(named | Q(other_site=site)).values("pk")  # one row a lead
        )
    try:
        rows = rows.filter(score__gte=float(asked["least"])) if asked["least"] else rows
    except ValueError:
        return rows
    return rows


def _last_run(user: User) -> FraudRun | None:
    """Return the last run that looked at the person's region."""
    regions = {PROVINCE, user.region_id or PROVINCE}
    return FraudRun.objects.filter(region__in=regions).first()


def _order(request: HttpRequest, user: User) -> ports.FraudOrder:
    region = told(request, "region", 6)
    if not user.covers(region):
        raise BadInput("这个地区不在您的管辖范围内。", "This region is outside yours.")
    try:
        least = float(told(request, "least", 10) or 0.9)
    except ValueError:
        raise BadInput("分数不是数。", "The score is no number.") from None
    ends: list[datetime | None] = [None, None]
    if told(request, "start") or told(request, "end"):
        first, last = day_told(request, "start"), day_told(request, "end") + timedelta(days=1)
        ends = [datetime.combine(one, time(), BEIJING) for one in (first, last)]
    return ports.FraudOrder(region, user.get_username(), ends[0], ends[1], least)


def _plain(told_of: Mapping[str, Any]) -> str:
    """Return what an event says stood before or after, for reading."""
    skipped = ("lead", "size", "journal")  # said beside it
    told_parts = [_said(name, one) for name, one in told_of.items() if one and name not in skipped]
    return " · ".join(told_parts)


def _said(name: str, value: Any) -> str:
    states = {**casework.CASE_STATES, **casework.LEAD_STATES}
    match name:
        case "state":
            return both(casework.words_of(states, str(value)))
        case "part":
            return both(casework.words_of(casework.PARTS, str(value)))
        case "region":
            return place(str(value))
        case "start" | "end":
            return instant(datetime.fromisoformat(str(value)))
        case "score":
            return f"{value:.2f}"
        case "evidence" | "sha256":
            return f"SHA-256 {str(value)[:12]}…"
        case _:
            return str(value)
