"""Someone tried to influence a datum (插手干预): anybody of the staff reports it, few may read it.

Nothing of a report is ever changed: what is to be added goes into another report.
"""

from datetime import datetime
from pathlib import PurePath

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from songhua.api import record
from songhua.api.record import Attempt
from songhua.model import BEIJING, BadInput
from songhua.store.registry import recorded
from songhua.store.registry.models import Influence, Site, User
from songhua.store.registry.record import MEANS
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.record.views import user_of
from songhua.web.templatetags.say import both

_PAGE = 50
_MOST_FILES = 5
_MOST_BYTES = 10 * 1024 * 1024
WORDS = {
    "order": gettext_lazy("指令或授意"),
    "pressure": gettext_lazy("施压或威胁"),
    "favour": gettext_lazy("请托或利益"),
    "site": gettext_lazy("干扰采样环境或设备"),
    "instrument": gettext_lazy("改动仪器参数"),
    "data": gettext_lazy("改动或要求改动数据"),
    "sample": gettext_lazy("调换或损毁样品"),
    "other": gettext_lazy("其他"),
}


@require_http_methods(["GET", "POST"])
@login_required
def report(request: HttpRequest) -> HttpResponse:
    """Show the form, and put what it says on record."""
    user = user_of(request)
    asked = {name: request.POST.get(name, "").strip() for name in _FIELDS}
    if request.method == "POST":
        try:
            seq = record.recorder().report(_attempt(request, user, asked))
        except BadInput as fault:
            messages.error(request, both(fault))
        else:
            text = _("已登记，编号 %d。登记后任何人不能修改。") % seq
            messages.success(request, text)
            return HttpResponseRedirect(reverse("record:report"))
    page = {
        "asked": asked,
        "means": [(key, WORDS[key]) for key, _zh in MEANS],
        "now": timezone.now().astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M"),
        "may_see": user.may(Action.SEE_RECORD),
        "files": _MOST_FILES,
        "size": _MOST_BYTES // 1024**2,
    }
    return render(request, "record/report.html", page)


@require_GET
@needs(Action.SEE_RECORD)
def listed(request: HttpRequest) -> HttpResponse:
    """Show the reports within the person's region, newest first."""
    every = recorded.influences_of(user_of(request))
    shown = Paginator(every, _PAGE).get_page(request.GET.get("page"))
    page = {"listed": shown, "rows": [{"one": one, "means": WORDS[one.means]} for one in shown]}
    return render(request, "record/influences.html", page)


@require_GET
@needs(Action.SEE_RECORD)
def shown(request: HttpRequest, seq: int) -> HttpResponse:
    """Show a report."""
    one = _found(request, seq)
    page = {"one": one, "means": WORDS[one.means], "files": recorded.files_of(one)}
    return render(request, "record/influence.html", page)


@require_GET
@needs(Action.SEE_RECORD)
def attachment(request: HttpRequest, seq: int, file: int) -> HttpResponse:
    """Send an attachment; that it was taken is on record."""
    held = {one["seq"]: one for one in recorded.files_of(_found(request, seq))}
    if file not in held:
        raise Http404
    answer = HttpResponse(record.recorder().file(file), content_type="application/octet-stream")
    suffix = PurePath(str(held[file]["name"])).suffix[:10]
    plain = suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""
    answer["Content-Disposition"] = f'attachment; filename="{seq}-{file}{plain}"'
    return answer


_FIELDS = ("tried", "office", "happened_at", "means", "site", "datum", "words")
_LONGEST = {"tried": 150, "office": 200, "datum": 300, "words": 20_000}


def _found(request: HttpRequest, seq: int) -> Influence:
    one = recorded.influences_of(user_of(request)).filter(journal_seq=seq).first()
    if one is None:
        raise Http404
    return one


def _attempt(request: HttpRequest, user: User, asked: dict[str, str]) -> Attempt:
    """Return what the form says.

    Raises
    ------
    BadInput
        If something is missing, too long, or none of what it should be.
    """
    for name, zh, en in (
        ("tried", "何人插手干预", "who tried"),
        ("datum", "涉及的数据", "which datum"),
        ("words", "经过", "what happened"),
    ):
        if len(asked[name]) < 2:
            raise BadInput(f"请写明{zh}。", f"Say {en}.")
    for name, most in _LONGEST.items():
        if len(asked[name]) > most:
            raise BadInput(f"最多 {most} 字。", f"At most {most} characters.")
    if asked["means"] not in WORDS:
        raise BadInput("请选择方式。", "Choose by what means.")
    if asked["site"] and not Site.objects.filter(pk=asked["site"]).exists():
        raise BadInput("没有这个点位。", "No such site.")
    return Attempt(
        reporter=user.get_username(),
        region=recorded.region_of(asked["site"], user),
        tried=asked["tried"],
        office=asked["office"],
        happened_at=_instant(asked["happened_at"]),
        means=asked["means"],
        site=asked["site"],
        datum=asked["datum"],
        words=asked["words"],
        files=_files(request),
    )


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text).replace(tzinfo=BEIJING)
    except ValueError:
        raise BadInput("请写明发生的时间。", "Say when it happened.") from None
    if at > timezone.now():
        raise BadInput("发生的时间在将来。", "It happened in the future?")
    return at


def _files(request: HttpRequest) -> list[tuple[str, bytes]]:
    sent = request.FILES.getlist("files")
    if len(sent) > _MOST_FILES or any((one.size or 0) > _MOST_BYTES for one in sent):
        raise BadInput(
            f"附件最多 {_MOST_FILES} 个，每个不超过 {_MOST_BYTES // 1024**2} MB。",
            f"At most {_MOST_FILES} attachments of {_MOST_BYTES // 1024**2} MB.",
        )
    return [(PurePath(one.name or "").name[:200], one.read()) for one in sent]
