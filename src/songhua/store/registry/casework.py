"""Leads to tampering and the cases they join: kept for ever, every change with an event."""

from typing import Any, ClassVar, Never, TypeVar

from django.db import models
from django.db.models import F, Q

LEAD_STATES = [("new", "未处理"), ("joined", "已并入案件"), ("dismissed", "已排除")]
CASE_STATES = [
    ("open", "立案"),
    ("investigating", "调查"),
    ("on_site", "现场核查"),
    ("decided", "认定"),
    ("dismissed", "排除"),
    ("closed", "结案"),
]
MOVES = {
    "open": ("investigating", "dismissed"),
    "investigating": ("on_site", "decided", "dismissed"),
    "on_site": ("investigating", "decided", "dismissed"),
    "decided": ("closed",),
    "dismissed": ("investigating", "closed"),
    "closed": ("investigating",),
}
"""Where a case may go from each state; from ``closed`` it is taken up again with a reason."""
PARTS = [
    ("concerned", "当事人"),
    ("witness", "证人"),
    ("investigator", "承办人"),
    ("inspector", "现场核查人员"),
    ("expert", "专家"),
]
WHAT = [
    ("found", "发现线索"),
    ("found_again", "再次发现"),
    ("dismissed", "排除线索"),
    ("restored", "恢复线索"),
    ("opened", "立案"),
    ("moved", "改变状态"),
    ("joined", "并入线索"),
    ("removed", "移出线索"),
    ("person", "登记人员"),
    ("person_ended", "人员不再参与"),
    ("document", "存入材料"),
    ("document_ended", "材料不再采用"),
    ("decided", "认定"),
]

Row = TypeVar("Row", bound=models.Model)


class NotDeletable(TypeError):
    """Somebody tried to delete what is evidence."""

    def __init__(self) -> None:
        super().__init__("leads, cases and what belongs to them are never deleted")


class KeptRows(models.QuerySet[Row]):
    """Rows that nobody deletes."""

    def delete(self) -> Never:
        """Refuse.

        Raises
        ------
        NotDeletable
            Always.
        """
        raise NotDeletable


class Kept(models.Model):
    """A row that nobody deletes."""

    objects = KeptRows.as_manager()

    class Meta:
        """No table of its own."""

        abstract = True

    def delete(self, *_args: Any, **_named: Any) -> Never:
        """Refuse.

        Raises
        ------
        NotDeletable
            Always.
        """
        raise NotDeletable


class FraudRun(Kept):
    """The detectors run once over a span: by which configuration, and what came of it."""

    asked_by = models.CharField("发起人", max_length=150)
    began_at = models.DateTimeField("开始时间")
    ended_at = models.DateTimeField("完成时间")
    region = models.CharField("地区", max_length=6)
    start = models.DateTimeField("数据自")
    end = models.DateTimeField("数据至")
    configuration = models.JSONField("配置")
    sites = models.PositiveIntegerField("点位", default=0)
    values = models.PositiveBigIntegerField("数值", default=0)
    found = models.PositiveIntegerField("线索", default=0)
    new = models.PositiveIntegerField("新线索", default=0)
    journal_seq = models.PositiveBigIntegerField("日志序号")

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "造假检测"
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.region} {self.began_at:%Y-%m-%d %H:%M}"


class Lead(Kept):
    """What a detector found: where, when, how strong, what shows it, what might excuse it."""

    key = models.CharField("编号", max_length=16, unique=True)
    detector = models.CharField("种类", max_length=20, db_index=True)
    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="点位")
    other_site = models.CharField("另一点位", max_length=40, blank=True)
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, related_name="+", verbose_name="地区"
    )
    quantity = models.CharField("指标", max_length=30)
    start = models.DateTimeField("自")
    end = models.DateTimeField("至（含）")
    score = models.FloatField("分数", db_index=True)
    evidence = models.JSONField("证据")
    innocent = models.JSONField("正当解释")
    excused = models.BooleanField("有成立的正当解释", default=False)
    state = models.CharField(
        "状态", max_length=10, choices=LEAD_STATES, default="new", db_index=True
    )
    found_at = models.DateTimeField("发现时间")
    last_found_at = models.DateTimeField("最近发现")
    times = models.PositiveIntegerField("发现次数", default=1)
    first_run = models.ForeignKey(
        FraudRun, models.PROTECT, related_name="first_leads", verbose_name="首次检测"
    )
    run = models.ForeignKey(FraudRun, models.PROTECT, related_name="leads", verbose_name="检测")

    class Meta:
        """Order, indexes, constraints and names."""

        verbose_name = verbose_name_plural = "造假线索"
        ordering: ClassVar = ["-score", "pk"]
        indexes: ClassVar = [
            models.Index(fields=["site", "detector", "quantity"], name="lead_same"),
            models.Index(fields=["region", "state"], name="lead_region_state"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(end__gte=F("start")), name="lead_ends_after_start"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="lead_score_0_1"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.detector} {self.site_id}"


class Case(Kept):
    """A case file (案件): status; its leads, people, documents and decisions hang on it."""

    number = models.CharField("案号", max_length=20, unique=True)
    title = models.CharField("案由", max_length=120)
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, related_name="+", verbose_name="地区"
    )
    state = models.CharField(
        "状态", max_length=14, choices=CASE_STATES, default="open", db_index=True
    )
    opened_at = models.DateTimeField("立案时间")
    opened_by = models.CharField("立案人", max_length=150)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "造假案件"
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class _OfCase(Kept):
    """What belongs to a case, until it is ended with a reason; it stays on record."""

    added_at = models.DateTimeField("登记时间")
    added_by = models.CharField("登记人", max_length=150)
    ended_at = models.DateTimeField("终止时间", null=True)

    class Meta:
        """No table of its own."""

        abstract = True


class CaseLead(_OfCase):
    """A lead joined into a case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="joins", verbose_name="案件")
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="joins", verbose_name="线索")

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "案件的线索"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["lead"], condition=Q(ended_at=None), name="one_case_a_lead"
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.lead_id}"


class CasePerson(_OfCase):
    """A person and their part in a case."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="people", verbose_name="案件")
    name = models.CharField("姓名", max_length=60)
    part = models.CharField("身份", max_length=14, choices=PARTS)
    unit = models.CharField("单位", max_length=120, blank=True)
    note = models.CharField("说明", max_length=500, blank=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "案件的人员"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.name} {self.get_part_display()}"


class CaseDocument(_OfCase):
    """A document of a case; its bytes are in the journal."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="documents", verbose_name="案件")
    name = models.CharField("文件", max_length=150)
    kind = models.CharField("格式", max_length=6)
    size = models.PositiveIntegerField("字节")
    sha256 = models.CharField(max_length=64)
    note = models.CharField("说明", max_length=500, blank=True)
    journal_seq = models.PositiveBigIntegerField("日志序号")

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "案件的材料"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "sha256"], condition=Q(ended_at=None), name="one_document_a_case"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CaseDecision(Kept):
    """What was decided of a case, by whom, by which clause; a later one stands beside it."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="decisions", verbose_name="案件")
    text = models.TextField("认定内容")
    person = models.CharField("决定人", max_length=60)
    clause = models.CharField("依据", max_length=200)
    decided_on = models.DateField("决定日期")
    at = models.DateTimeField("登记时间")
    author = models.CharField("登记人", max_length=150)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "案件的认定"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.case_id} {self.person}"


class CaseEvent(Kept):
    """A change of a lead or a case: who, when, before, after, why; also in the journal."""

    lead = models.ForeignKey(
        Lead, models.PROTECT, null=True, related_name="events", verbose_name="线索"
    )
    case = models.ForeignKey(
        Case, models.PROTECT, null=True, related_name="events", verbose_name="案件"
    )
    what = models.CharField("事项", max_length=16, choices=WHAT)
    who = models.CharField("经手人", max_length=150)
    at = models.DateTimeField("时间")
    before = models.JSONField("此前", default=dict)
    after = models.JSONField("此后", default=dict)
    why = models.TextField("理由", blank=True)
    journal_seq = models.PositiveBigIntegerField("日志序号")

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "线索与案件的经过"
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(lead__isnull=False) | Q(case__isnull=False), name="event_of_something"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_what_display()} {self.who}"
