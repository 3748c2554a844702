"""Samples: the list, one with its chain of custody, the next hand, a re-test."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from songhua.api import ports
from songhua.model import BEIJING
from songhua.standards.lab import method
from songhua.store.registry import batches, samples
from songhua.store.registry.lab import CUSTODY
from songhua.store.registry.models import Result, Sample
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.lab import code128
from songhua.web.lab.asked import done, found, temperature_told, time_told, told, user_of

_PAGE = 50


@require_GET
@needs(Action.SAMPLE)
def listed(request: HttpRequest) -> HttpResponse:
    """Show the samples of the person's region, newest first."""
    rows = samples.samples_of(user_of(request)).select_related("site")
    wanted = request.GET.get("q", "").strip()[:40]
    if wanted:
        rows = rows.filter(barcode__icontains=wanted) | rows.filter(site_id=wanted)
    shown = Paginator(rows.prefetch_related("steps", "results"), _PAGE).get_page(
        request.GET.get("page")
    )
    page = {"listed": shown, "rows": [_row(one) for one in shown], "q": wanted}
    return render(request, "lab/samples.html", page)


@require_GET
@needs(Action.SAMPLE)
def shown(request: HttpRequest, barcode: str) -> HttpResponse:
    """Show a sample: its sheet, every hand it passed, its results."""
    user = user_of(request)
    sample = found(lambda: samples.sample_named(user, barcode))
    bars, width = code128.bars(sample.barcode)
    row = _row(sample)
    page = {
        **row,
        "bars": bars,
        "width": width,
        "steps": sample.steps.order_by("pk"),
        "methods": [method(code) for code in sample.items],
        "results": [
            {"one": one, "method": method(one.batch.method)}
            for one in sample.results.select_related("batch", "retest_of")
        ],
        "kinds": [what for what, _words in CUSTODY if what != "taken"],
        "now": timezone.now().astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M"),
        "may_retest": user.may(Action.ANALYSE),
    }
    return render(request, "lab/sample.html", page)


@require_POST
@needs(Action.SAMPLE)
def hand(request: HttpRequest, barcode: str) -> HttpResponse:
    """Put the next step of custody on record."""
    user = user_of(request)
    sample = found(lambda: samples.sample_named(user, barcode))

    def act() -> str:
        step = samples.Handover(
            what=told(request, "what", 10),
            at=time_told(request, "at"),
            giver=told(request, "giver", 150),
            taker=told(request, "taker", 150),
            temperature=temperature_told(request, "temperature"),
            remark=told(request, "remark"),
        )
        samples.check_step(sample, step)
        body = {
            "barcode": barcode, "what": step.what, "at": step.at.isoformat(),
            "giver": step.giver, "taker": step.taker, "temperature": step.temperature,
            "remark": step.remark,
        }  # fmt: skip
        name = user.get_username()
        seq = ports.platform().note_lab("custody", body, name)
        samples.keep_step(sample, step, author=name, seq=seq)
        return _("已登记流转。")

    return done(request, "lab:sample", act, barcode=barcode)


@require_POST
@needs(Action.ANALYSE)
def retest(request: HttpRequest, result_id: int) -> HttpResponse:
    """Order that an issued result is determined again."""
    user = user_of(request)
    mine = samples.samples_of(user)
    result = Result.objects.filter(pk=result_id, sample__in=mine).select_related("sample").first()
    if result is None:
        raise Http404

    def act() -> str:
        why = told(request, "why")
        batches.order_retest(result, why=why, who=user.get_username())
        body = {"barcode": result.sample.barcode, "item": result.item, "why": why}
        ports.platform().note_lab("retest", body, user.get_username())
        return _("已列入复测。")

    return done(request, "lab:sample", act, barcode=result.sample.barcode)


def _row(sample: Sample) -> dict[str, object]:
    steps = list(sample.steps.all())
    latest: dict[str, Result] = {}
    for one in sample.results.all():  # the newest first
        latest.setdefault(one.item, one)
    issued = sum(one.state == "issued" for one in latest.values())
    return {
        "sample": sample,
        "last": steps[-1] if steps else None,
        "issued": issued,
        "items": len(sample.items),
    }
