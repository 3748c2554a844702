"""The record: who did what, when, from where, before and after, why, on whose order."""

import csv
import io
from collections.abc import Iterator
from datetime import date

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from songhua.model import BEIJING
from songhua.store.registry import recorded
from songhua.store.registry.models import Act, User
from songhua.store.registry.record import KINDS
from songhua.store.registry.recorded import Wanted
from songhua.store.registry.rights import Action
from songhua.web.access import needs

_PAGE = 100
_MOST_ROWS = 100_000
WORDS = {
    "login": _("登录"),
    "login_failed": _("登录失败"),
    "logout": _("退出登录"),
    "mark": _("审核标记"),
    "correction": _("更正"),
    "setting": _("设置"),
    "command": _("命令"),
    "import": _("导入"),
    "lab": _("实验室"),
    "case": _("案件"),
    "export": _("导出"),
    "deletion": _("删除尝试"),
    "influence": _("插手干预登记"),
    "platform": _("平台"),
    "other": _("其他"),
}
_HEAD = ("seq", "time", "kind", "who", "from", "door", "region", "site", "subject", "why",
         "by_order", "outcome", "brought")  # fmt: skip


@require_GET
@needs(Action.SEE_RECORD)
def listed(request: HttpRequest) -> HttpResponse:
    """Show acts within the person's region, newest first."""
    user, wanted = user_of(request), _wanted(request)
    shown = Paginator(recorded.acts_of(user, wanted), _PAGE).get_page(request.GET.get("page"))
    page = {
        "listed": shown,
        "rows": [{"act": act, "kind": WORDS[act.kind]} for act in shown],
        "kinds": [(kind, WORDS[kind]) for kind, _zh in KINDS],
        "wanted": wanted,
        "query": request.GET.urlencode(),
    }
    return render(request, "record/acts.html", page)


@require_GET
@needs(Action.SEE_RECORD)
def table(request: HttpRequest) -> HttpResponse:
    """Send the same acts as CSV; that they were taken is on record too."""
    acts = recorded.acts_of(user_of(request), _wanted(request))[:_MOST_ROWS]
    answer = HttpResponse(b"".join(_lines(acts)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="record.csv"'
    return answer


@require_GET
@needs(Action.SEE_RECORD)
def shown(request: HttpRequest, seq: int) -> HttpResponse:
    """Show an act with every row that it changed."""
    act = recorded.acts_of(user_of(request), Wanted()).filter(journal_seq=seq).first()
    if act is None:
        raise Http404
    page = {
        "act": act,
        "kind": WORDS[act.kind],
        "changes": recorded.changes_of(act),
        "brought": act.brought.split(),
    }
    return render(request, "record/act.html", page)


@require_GET
@needs(Action.SEE_RECORD)
def unclaimed(request: HttpRequest) -> HttpResponse:
    """Show changes of tables that belong to no act; for people of the province."""
    if not user_of(request).is_of_province:
        return render(request, "imports/refused.html", {"action": "see_record"}, status=403)
    shown = Paginator(recorded.unclaimed(), _PAGE).get_page(request.GET.get("page"))
    page = {"listed": shown, "changes": [recorded.told(one) for one in shown]}
    return render(request, "record/changes.html", page)


def user_of(request: HttpRequest) -> User:
    """Return who asks; `needs` let nobody else in."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def _wanted(request: HttpRequest) -> Wanted:
    asked = {name: request.GET.get(name, "").strip()[:150] for name in ("who", "kind", "site")}
    first, last = (_day(request.GET.get(name, "")) for name in ("from", "to"))
    kind = asked["kind"] if asked["kind"] in WORDS else ""
    return Wanted(asked["who"], kind, asked["site"], first, last)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _lines(acts: QuerySet[Act]) -> Iterator[bytes]:
    yield "\ufeff".encode() + _line(_HEAD)
    for act in acts.iterator():
        yield _line(
            (
                *(act.journal_seq, act.at.astimezone(BEIJING).isoformat(), act.kind, act.who),
                *(act.address, act.door, act.region, act.site, act.subject, act.why),
                *(act.by_order, act.outcome, act.brought),
            )
        )


def _line(cells: tuple[object, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([_plain(cell) for cell in cells])
    return out.getvalue().encode()


def _plain(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell
