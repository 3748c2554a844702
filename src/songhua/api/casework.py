"""Leads and cases in words and as the API tells them."""

from collections.abc import Iterable, Mapping
from typing import Any

from songhua.model import BEIJING
from songhua.store.registry.casework import Case, CaseEvent, Lead
from songhua.store.registry.models import SitePeriod

Pair = tuple[str, str]
"""Chinese, English."""

LEAD_STATES: dict[str, Pair] = {
    "new": ("未处理", "unhandled"),
    "joined": ("已并入案件", "in a case"),
    "dismissed": ("已排除", "dismissed"),
}
CASE_STATES: dict[str, Pair] = {
    "open": ("立案", "opened"),
    "investigating": ("调查", "investigating"),
    "on_site": ("现场核查", "on site"),
    "decided": ("认定", "decided"),
    "dismissed": ("排除", "dismissed"),
    "closed": ("结案", "closed"),
}
PARTS: dict[str, Pair] = {
    "concerned": ("当事人", "person concerned"),
    "witness": ("证人", "witness"),
    "investigator": ("承办人", "investigator"),
    "inspector": ("现场核查人员", "inspector on site"),
    "expert": ("专家", "expert"),
}
WHAT: dict[str, Pair] = {
    "found": ("发现线索", "lead found"),
    "found_again": ("再次发现，时段或分数有变", "found again, span or score moved"),
    "dismissed": ("排除线索", "lead dismissed"),
    "restored": ("恢复线索", "lead taken up again"),
    "opened": ("立案", "case opened"),
    "moved": ("改变状态", "state changed"),
    "joined": ("并入线索", "lead joined"),
    "removed": ("移出线索", "lead removed"),
    "person": ("登记人员", "person added"),
    "person_ended": ("人员不再参与", "person no longer takes part"),
    "document": ("存入材料", "document added"),
    "document_ended": ("材料不再采用", "document no longer used"),
    "decided": ("认定", "decided"),
}
OUTCOMES: dict[str, Pair] = {
    "excluded": ("已检验：已排除", "tested: excluded"),
    "not_excluded": ("已检验：未能排除", "tested: not excluded"),
    "not_tested": ("未能检验", "could not be tested"),
}
LOOKED_AT: dict[str, Pair] = {
    "constant": ("同一个值连续出现，在这一浓度水平上极少如此。",
                 "One value again and again, rare at this level."),
    "repeated": ("一段数值与另一处（或另一时段）逐值相同。",
                 "A segment equal, value by value, to another place or time."),
    "hugging": ("紧贴限值之下的数值比两侧多。", "More values just below the limit than beside it."),
    "clipped": ("数值挤在时段内的最高处，峰顶像被削去。", "Values crowd at the top, as if cut."),
    "digits": ("末位数字的分布与全体点位不同。", "Last digits differ from those of all sites."),
    "periodic": ("波动中有不属于日变化的固定周期。", "A fixed period that is not the day's."),
    "attenuated": ("变化幅度相对周边下降。", "Moves less than before, beside its neighbours."),
    "calm": ("夜间或检查时段的变化突然变小。", "Suddenly calm at night or under inspection."),
    "cleaner": ("与周边之比低于前 45 日。", "Lower beside its neighbours than in 45 days before."),
    "unfollowing": ("不再随上游或周边起落。", "No longer rises and falls with its neighbours."),
    "clock": ("整体移动数小时后与周边更吻合。", "Fits its neighbours better moved by some hours."),
    "stopped": ("申报的停运或运行与用电、排放不符。", "Declared state against power or emission."),
    "dilution": ("氧或流量升高的同时浓度相应下降。", "Falls as oxygen or flow rises."),
    "setting": ("记录在案的参数改动之后数值下降。", "Falls after a setting was changed."),
}  # fmt: skip
"""What each detector looks at."""
NUMBERS: dict[str, Pair] = {
    "stat": ("检测量", "detector's number"),
    "median": ("时段内中位数", "median inside"),
    "median_around": ("前后中位数", "median before and after"),
    "median_reference": ("参照中位数", "median of the reference"),
    "movement": ("时段内每步变化（中位数）", "usual step inside"),
    "movement_around": ("前后每步变化（中位数）", "usual step before and after"),
}


def site_names(keys: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return what sites were last called: ``name_zh``, ``name_en``."""
    rows = SitePeriod.objects.filter(site_id__in=set(keys)).order_by("valid_from")
    return {
        site: {"name_zh": zh, "name_en": en or zh}
        for site, zh, en in rows.values_list("site_id", "name_zh", "name_en")
    }


def told_lead(lead: Lead, *, whole: bool = False) -> dict[str, Any]:
    """Return a lead as JSON; `whole` with its evidence and explanations."""
    told: dict[str, Any] = {
        "key": lead.key,
        "detector": lead.detector,
        "site": lead.site_id,
        "other_site": lead.other_site or None,
        "region": lead.region_id,
        "quantity": lead.quantity,
        "start": _at(lead.start),
        "end": _at(lead.end),
        "score": lead.score,
        "excused": lead.excused,
        "state": lead.state,
        "found_at": _at(lead.found_at),
        "last_found_at": _at(lead.last_found_at),
        "times": lead.times,
    }
    if whole:
        told |= {
            "evidence": lead.evidence,
            "innocent": lead.innocent,
            "configuration": lead.run.configuration,
            "events": [told_event(one) for one in lead.events.select_related("case")],
        }
    return told


def told_case(case: Case, *, whole: bool = False) -> dict[str, Any]:
    """Return a case as JSON; `whole` with all that belongs to it."""
    told: dict[str, Any] = {
        "number": case.number,
        "title": case.title,
        "region": case.region_id,
        "state": case.state,
        "opened_at": _at(case.opened_at),
        "opened_by": case.opened_by,
    }
    if whole:
        told |= {
            "leads": [
                told_lead(one.lead)
                for one in case.joins.filter(ended_at=None).select_related("lead")
            ],
            "people": [
                _fields(one, "name", "part", "unit", "note", "added_by")
                | {"ended": one.ended_at is not None}
                for one in case.people.all()
            ],
            "documents": [
                _fields(one, "pk", "name", "kind", "size", "sha256", "note", "added_by")
                | {"ended": one.ended_at is not None}
                for one in case.documents.all()
            ],
            "decisions": [
                _fields(one, "text", "person", "clause", "author") | {"on": one.decided_on}
                for one in case.decisions.all()
            ],
            "events": [told_event(one) for one in case.events.select_related("lead", "case")],
        }
    return told


def told_event(event: CaseEvent) -> dict[str, Any]:
    """Return an event as JSON."""
    return {
        **_fields(event, "what", "who", "before", "after", "why", "journal_seq"),
        "at": _at(event.at),
        "lead": None if event.lead is None else event.lead.key,
    }


def _fields(thing: object, *names: str) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}


def _at(value: Any) -> str:
    return str(value.astimezone(BEIJING).isoformat())


def words_of(table: Mapping[str, Pair], key: str) -> Pair:
    """Return what a key is called; the key where nobody named it yet."""
    return table.get(key, (key, key))
