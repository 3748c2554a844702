"""Instruments: how each stands, its certificates, and what rests on one that failed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from songhua.api import ports
from songhua.model import BEIJING, BadInput
from songhua.store.registry import instruments
from songhua.store.registry.lab import CERTIFICATE_KINDS
from songhua.store.registry.models import Certificate, Instrument, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.lab.asked import day_told, done, found, region_of, told, user_of

_MOST = 200


@require_http_methods(["GET", "POST"])
@needs(Action.ANALYSE)
def listed(request: HttpRequest) -> HttpResponse:
    """Show every instrument and how it stands; register one."""
    user = user_of(request)
    if request.method == "POST":
        return done(request, "lab:instruments", lambda: _registered(request, user))
    today = timezone.now().astimezone(BEIJING).date()
    rows = [instruments.standing(one, today) for one in instruments.instruments_of(user)]
    return render(request, "lab/instruments.html", {"rows": rows})


@require_GET
@needs(Action.ANALYSE)
def shown(request: HttpRequest, code: str) -> HttpResponse:
    """Show an instrument: certificates, and the results that rest on a failed one."""
    user = user_of(request)
    one = found(lambda: instruments.instrument_named(user, code))
    today = timezone.now().astimezone(BEIJING).date()
    certificates = [
        {
            "one": certificate,
            "resting": [] if certificate.passed else instruments.resting_on(certificate)[:_MOST],
        }
        for certificate in one.certificates.all()
    ]
    page = {
        "instrument": one,
        "standing": instruments.standing(one, today),
        "certificates": certificates,
        "kinds": [kind for kind, _words in CERTIFICATE_KINDS],
        "today": today.isoformat(),
    }
    return render(request, "lab/instrument.html", page)


@require_POST
@needs(Action.ANALYSE)
def certify(request: HttpRequest, code: str) -> HttpResponse:
    """Put a certificate on record."""
    user = user_of(request)
    one = found(lambda: instruments.instrument_named(user, code))

    def act() -> str:
        certificate = Certificate(
            instrument=one,
            kind=told(request, "kind", 12),
            body=told(request, "body", 120),
            number=told(request, "number", 80),
            done_on=day_told(request, "done_on"),
            due_on=day_told(request, "due_on"),
            passed=told(request, "passed", 3) == "yes",
            note=told(request, "note"),
            author=user.get_username(),
        )
        instruments.check_certificate(certificate)
        body = {"instrument": code, "number": certificate.number, "passed": certificate.passed}
        certificate.journal_seq = ports.platform().note_lab(
            "certificate", body, user.get_username()
        )
        certificate.save()
        return _("已登记证书。")

    return done(request, "lab:instrument", act, code=code)


def _registered(request: HttpRequest, user: User) -> str:
    code, name = told(request, "code", 40), told(request, "name", 80)
    if not code or not name or "/" in code:
        raise BadInput("请写明设备编号和名称。", "Give the instrument a code and a name.")
    if Instrument.objects.filter(code=code).exists():
        raise BadInput(f"编号 {code} 已登记。", f"{code} is registered.")
    fields = {one: told(request, one, 80) for one in ("model", "serial", "place")}
    Instrument.objects.create(code=code, name=name, region_id=region_of(user), **fields)
    ports.platform().note_lab("instrument", {"code": code, "name": name}, user.get_username())
    return _("已登记仪器 %s。") % code
