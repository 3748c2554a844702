"""The paths of the verdicts."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from songhua.api.v1.review.evidence import in_words, rules_by_name
from songhua.api.v1.review.routes import days_asked
from songhua.api.v1.security import Allowed, check_region
from songhua.api.v1.subject import region_named, site_named
from songhua.api.v1.verdicts.listing import VERDICTS, Wanted, by_check, by_verdict, listed
from songhua.model import BEIJING, BadInput
from songhua.quality.verdict import Verdict

router = Router(tags=["verdicts"])

MOST = 5_000
_NAMES = {verdict: name for name, verdict in VERDICTS.items()}
_SEE = Allowed("see_imports")
_FROM = Query("", alias="from")


@router.get("/verdicts", auth=_SEE)
def verdicts(
    request: HttpRequest,
    start: str = _FROM,
    to: str = "",
    site: str = "",
    region: str = "",
    quantity: str = "",
    check: str = "",
    verdict: str = "",
    period: str = "hour",
    show: str = "waiting",
    limit: int = 1_000,
    offset: int = 0,
) -> dict[str, Any]:
    """Return verdicts of one's region with their evidence, newest first, counted by check.

    `show` is ``waiting`` (no reviewer decided on the value) or ``all``; days are of Beijing, the
    last seven that have values where none are given.
    """
    if not 1 <= limit <= MOST or not 0 <= offset <= 10_000_000:
        raise BadInput(f"limit 须在 1 与 {MOST} 之间。", f"limit must lie between 1 and {MOST}.")
    if show not in ("waiting", "all"):
        raise BadInput("show 只能是 waiting 或 all。", "show is waiting or all.")
    if site:
        check_region(request, site_named(site).region)
    if region:
        check_region(request, region_named(region).key)
    first, last = days_asked(start, to)
    wanted = Wanted(
        first, last, site, region, quantity, check[:80], verdict, period, show == "waiting"
    )
    rows = listed(request.user, wanted)  # type: ignore[arg-type]
    known = rules_by_name()
    page = rows.slice(offset, limit)
    return {
        "from": first,
        "to": last,
        "period": period,
        "total": rows.height,
        "by_verdict": by_verdict(rows),
        "by_check": [{"check": name, "n": n} for name, n in by_check(rows)],
        "verdicts": [
            {
                **{name: row[name] for name in ("site", "quantity", "value", "mark", "revision")},
                "time": _iso(row["time"]),
                "verdict": _NAMES[Verdict(row["verdict"])],
                "checked_at": _iso(row["computed_at"]),
                "evidence": in_words(row["evidence"], known),
            }
            for row in page.iter_rows(named=True)
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return (
        None if at is None else at.replace(tzinfo=at.tzinfo or UTC).astimezone(BEIJING).isoformat()
    )
