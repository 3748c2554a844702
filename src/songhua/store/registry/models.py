"""What is registered. Chinese names are what the admin shows."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q

from songhua.store.registry.casework import (
    Case,
    CaseDecision,
    CaseDocument,
    CaseEvent,
    CaseLead,
    CasePerson,
    FraudRun,
    Lead,
)
from songhua.store.registry.checking import CheckRule
from songhua.store.registry.doors import Receipt, RowAside, Source, SourceState, TakenFile
from songhua.store.registry.lab import (
    Batch,
    BatchRow,
    Certificate,
    CustodyStep,
    Instrument,
    Result,
    Sample,
    Signature,
)
from songhua.store.registry.record import Act, Change, Influence
from songhua.store.registry.reviewing import ReviewAct, ReviewDay, ReviewTouch
from songhua.store.registry.rights import RIGHTS, Action, Role, covers
from songhua.store.registry.twoway import Command, Gap
from songhua.store.registry.upstreams import Unsent, Upstream, UpstreamState
from songhua.store.registry.watching import Alarm, LinkHour

__all__ = [
    "Act",
    "Alarm",
    "AppliedEntry",
    "Batch",
    "BatchRow",
    "Case",
    "CaseDecision",
    "CaseDocument",
    "CaseEvent",
    "CaseLead",
    "CasePerson",
    "Certificate",
    "Change",
    "CheckRule",
    "Command",
    "Correction",
    "Cursor",
    "CustodyStep",
    "Device",
    "DustPeriod",
    "ExceptionalEvent",
    "FraudRun",
    "Gap",
    "ImportFile",
    "Influence",
    "Instrument",
    "Lead",
    "LinkHour",
    "LinkState",
    "Quantity",
    "Receipt",
    "Region",
    "Reject",
    "Result",
    "ReviewAct",
    "ReviewDay",
    "ReviewTouch",
    "RowAside",
    "Sample",
    "SetAside",
    "Signature",
    "Site",
    "SiteAlias",
    "SitePeriod",
    "Source",
    "SourceState",
    "TakenFile",
    "Unsent",
    "Upstream",
    "UpstreamState",
    "User",
]

_EDITIONS = [(2005, "HJ/T 212—2005"), (2017, "HJ 212—2017"), (2025, "HJ 212—2025")]


class Region(models.Model):
    """A division by GB/T 2260, or a city beside the province."""

    code = models.CharField("代码", max_length=6, primary_key=True)
    name_zh = models.CharField("名称", max_length=60)
    name_en = models.CharField("英文名称", max_length=60)
    short_zh = models.CharField("简称", max_length=30)
    level = models.CharField(
        "级别",
        max_length=10,
        choices=[("province", "省"), ("city", "市"), ("county", "县")],
        db_index=True,
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, verbose_name="上级", related_name="children"
    )
    own = models.BooleanField("本省", default=True)
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)
    confidence = models.CharField("可信度", max_length=20, default="verified")

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "行政区划"
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name_zh


class User(AbstractUser):
    """A person who may log in, with a role and a region."""

    role = models.CharField("角色", max_length=20, choices=Role.choices, default=Role.VIEWER)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, verbose_name="管辖区域"
    )
    title = models.CharField("称谓", max_length=60, blank=True)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "用户"

    def __str__(self) -> str:
        return self.title or self.username

    def may(self, action: str) -> bool:
        """Return whether the person's role allows an action."""
        if not self.is_active:
            return False
        return self.is_superuser or Action(action) in RIGHTS.get(self.role, frozenset())

    @property
    def is_of_province(self) -> bool:
        """Whether the person's region is the whole province."""
        return self.covers("220000")

    def covers(self, region_code: str) -> bool:
        """Return whether a region lies within the person's."""
        if self.is_superuser:
            return True
        return self.region_id is not None and covers(self.region_id, region_code)


class Quantity(models.Model):
    """A measured quantity, as the quantity table has it."""

    key = models.CharField("键", max_length=30, primary_key=True)
    symbol = models.CharField("符号", max_length=20)
    name_zh = models.CharField("名称", max_length=60)
    name_en = models.CharField("英文名称", max_length=60)
    unit = models.CharField("单位", max_length=20)
    places = models.PositiveSmallIntegerField("小数位")
    codes = models.CharField("HJ 212 编码", max_length=60, blank=True)
    medium = models.CharField("要素", max_length=20)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "监测指标"

    def __str__(self) -> str:
        return f"{self.symbol} {self.name_zh}"


class Site(models.Model):
    """A monitoring site (点位); what changes with time is in its periods."""

    key = models.CharField("编码", max_length=40, primary_key=True)
    medium = models.CharField("要素", max_length=20, default="air", db_index=True)
    level = models.CharField("控制级别", max_length=20, default="国控")
    operator = models.CharField("运维单位", max_length=120, blank=True, default="")
    source = models.CharField("来源", max_length=200, blank=True)
    confidence = models.CharField("可信度", max_length=20, default="single")
    note = models.TextField("备注", blank=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "监测点位"
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.key


class SitePeriod(models.Model):
    """What a site was called and where it stood, from one day to another."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="periods", verbose_name="点位")
    name_zh = models.CharField("名称", max_length=80)
    name_en = models.CharField("英文名称", max_length=80, blank=True)
    city = models.ForeignKey(Region, models.PROTECT, related_name="+", verbose_name="城市")
    county = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="县区"
    )
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)
    valid_from = models.DateField("启用")
    valid_until = models.DateField("停用（含）", null=True, blank=True)

    class Meta:
        """Constraints and names."""

        verbose_name = verbose_name_plural = "点位沿革"
        ordering: ClassVar = ["site", "valid_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "valid_from"], name="one_period_a_start"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="period_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(lon__isnull=True) | Q(lon__range=(73, 136)), name="lon_in_china"
            ),
            models.CheckConstraint(
                condition=Q(lat__isnull=True) | Q(lat__range=(3, 54)), name="lat_in_china"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_zh}（{self.valid_from} 起）"

    def clean(self) -> None:
        """Refuse a period that overlaps another of the same site: a day has one answer."""
        others = SitePeriod.objects.filter(site_id=self.site_id).exclude(pk=self.pk)
        if self.valid_until is not None:
            others = others.filter(valid_from__lte=self.valid_until)
        still = Q(valid_until__isnull=True) | Q(valid_until__gte=self.valid_from)
        if other := others.filter(still).first():
            raise ValidationError(f"与另一段沿革重叠：{other}")


class SiteAlias(models.Model):
    """Another spelling that files use for a site of a city."""

    site = models.ForeignKey(Site, models.CASCADE, related_name="aliases", verbose_name="点位")
    city_name = models.CharField("城市", max_length=60)
    name = models.CharField("写法", max_length=120)

    class Meta:
        """Constraints and names."""

        verbose_name = verbose_name_plural = "点位别名"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["city_name", "name"], name="one_site_a_spelling")
        ]

    def __str__(self) -> str:
        return f"{self.city_name} {self.name}"


class ImportFile(models.Model):
    """A file that came in."""

    journal_seq = models.PositiveBigIntegerField("日志序号", unique=True)
    name = models.CharField("文件", max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField("字节")
    mapping = models.TextField("列对照")
    mapping_sha256 = models.CharField(max_length=64)
    author = models.CharField("经手人", max_length=150)
    received_at = models.DateTimeField("接收时间")
    finished_at = models.DateTimeField("完成时间", null=True, blank=True)
    state = models.CharField(
        "状态",
        max_length=10,
        choices=[("reading", "读取中"), ("done", "完成"), ("failed", "失败")],
        default="reading",
    )
    lines = models.PositiveBigIntegerField("行", default=0)
    rows_new = models.PositiveBigIntegerField("新增", default=0)
    rows_changed = models.PositiveBigIntegerField("修订", default=0)
    rows_same = models.PositiveBigIntegerField("未变", default=0)
    rows_rejected = models.PositiveBigIntegerField("拒收", default=0)
    first_time = models.DateTimeField("最早", null=True, blank=True)
    last_time = models.DateTimeField("最晚", null=True, blank=True)
    note = models.TextField("说明", blank=True)
    fault = models.TextField("错误", blank=True)

    class Meta:
        """Order, indexes and names."""

        verbose_name = verbose_name_plural = "导入"
        ordering: ClassVar = ["-journal_seq"]
        indexes: ClassVar = [models.Index(fields=["sha256", "mapping_sha256"], name="import_same")]

    def __str__(self) -> str:
        return self.name


class Reject(models.Model):
    """A row that could not go in, kept with its fault."""

    file = models.ForeignKey(
        ImportFile, models.CASCADE, related_name="rejects", verbose_name="导入"
    )
    line = models.PositiveBigIntegerField("行号")
    raw = models.TextField("原文")
    fault = models.CharField("原因", max_length=30)
    detail_zh = models.TextField("说明")
    detail_en = models.TextField("英文说明")

    class Meta:
        """Order, indexes and names."""

        verbose_name = verbose_name_plural = "拒收的行"
        ordering: ClassVar = ["file", "line", "id"]
        indexes: ClassVar = [models.Index(fields=["file", "fault"], name="reject_fault")]

    def __str__(self) -> str:
        return f"{self.line}: {self.fault}"


class Correction(models.Model):
    """A value that a person changed, with the reason."""

    journal_seq = models.PositiveBigIntegerField("日志序号", unique=True)
    site = models.CharField("点位", max_length=40)
    quantity = models.CharField("指标", max_length=30)
    period = models.CharField("时段", max_length=10)
    time = models.DateTimeField("时间")
    former = models.FloatField("原值", null=True)
    value = models.FloatField("新值", null=True)
    reason = models.TextField("原因")
    author = models.CharField("经手人", max_length=150)
    at = models.DateTimeField("何时")

    class Meta:
        """Order, indexes and names."""

        verbose_name = verbose_name_plural = "更正"
        ordering: ClassVar = ["-journal_seq"]
        indexes: ClassVar = [models.Index(fields=["site", "time"], name="correction_site_time")]

    def __str__(self) -> str:
        return f"{self.site} {self.quantity} {self.time}"


class DustPeriod(models.Model):
    """Sand and dust over a city (沙尘时段): who decided, by which document."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name="区域")
    start = models.DateTimeField("开始")
    end = models.DateTimeField("结束")
    document = models.CharField("认定文件", max_length=200, blank=True)
    author = models.CharField("登记人", max_length=150)

    class Meta:
        """Constraints and names."""

        verbose_name = verbose_name_plural = "沙尘时段"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="dust_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.start:%Y-%m-%d}"


class ExceptionalEvent(models.Model):
    """An exceptional event (例外事件) by HJ 663—2026."""

    region = models.ForeignKey(Region, models.PROTECT, verbose_name="区域")
    start = models.DateTimeField("开始")
    end = models.DateTimeField("结束")
    quantities = models.CharField("项目", max_length=100)
    kind = models.CharField("类型", max_length=60)
    document = models.CharField("认定文件", max_length=200)
    author = models.CharField("登记人", max_length=150)

    class Meta:
        """Constraints and names."""

        verbose_name = verbose_name_plural = "例外事件"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="event_ends_after_start")
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.kind}"


class AppliedEntry(models.Model):
    """A journal entry whose rows are on the shelf and whose results are computed."""

    journal_seq = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "已入库的日志"

    def __str__(self) -> str:
        return str(self.journal_seq)


class Device(models.Model):
    """A logger (数采仪): its identity (MN), and the site it speaks for."""

    mn = models.CharField("设备唯一标识 MN", max_length=40, primary_key=True)
    name = models.CharField("名称", max_length=120)
    site = models.ForeignKey(
        Site,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="devices",
        verbose_name="点位",
    )
    edition = models.PositiveSmallIntegerField("版本", choices=_EDITIONS, default=2017)
    password = models.CharField("访问密码", max_length=24, blank=True)
    addresses = models.CharField(
        "允许的地址", max_length=200, blank=True, help_text="如 10.1.0.0/16；空格分隔；空为不限"
    )
    dialect = models.JSONField("方言", default=dict, blank=True)
    camera = models.CharField(
        "摄像头取图地址",
        max_length=300,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="在此取一张 JPEG 或 PNG；不跟随转址",
    )
    camera_header = models.CharField(
        "取图的 Authorization", max_length=60, blank=True, help_text="环境变量的名称；空为不需要"
    )
    video = models.CharField(
        "视频地址",
        max_length=300,
        blank=True,
        validators=[URLValidator(schemes=["http", "https"])],
        help_text="有人要看时打开；每次都记录",
    )
    sm4_keys = models.TextField("SM4 密钥（密封）", default="", blank=True, editable=False)
    active = models.BooleanField("启用", default=True)
    late_after = models.PositiveIntegerField(
        "多久算迟到（分钟）", null=True, blank=True, help_text="空为按其发送间隔"
    )
    silent_after = models.PositiveIntegerField(
        "多久算静默（分钟）", null=True, blank=True, help_text="空为按其发送间隔；超过即报警"
    )
    most_skew = models.PositiveIntegerField(
        "时钟差限值（秒）", null=True, blank=True, help_text="空为 300"
    )
    most_faults = models.PositiveIntegerField(
        "错误报文限值（%）", null=True, blank=True, help_text="空为 20"
    )
    note = models.TextField("备注", blank=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "数采仪"
        ordering: ClassVar = ["mn"]

    def __str__(self) -> str:
        return f"{self.name}（{self.mn}）"


class LinkState(models.Model):
    """How the link of an identity stands, also of one that no register holds."""

    mn = models.CharField("MN", max_length=40, primary_key=True)
    device = models.ForeignObject(
        Device, models.DO_NOTHING, from_fields=["mn"], to_fields=["mn"], related_name="links",
        null=True,
    )  # fmt: skip
    pace = models.PositiveIntegerField("发送间隔（秒）", null=True)
    address = models.CharField("地址", max_length=60)
    first_seen = models.DateTimeField("首次")
    last_seen = models.DateTimeField("最近")
    last_data = models.DateTimeField("数据至", null=True)
    skew = models.FloatField("时钟差（秒）", null=True)
    frames = models.PositiveBigIntegerField("帧", default=0)
    values = models.PositiveBigIntegerField("数值", default=0)
    set_aside = models.PositiveBigIntegerField("隔离", default=0)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "链路"

    def __str__(self) -> str:
        return self.mn


class SetAside(models.Model):
    """A frame, or a part of one, kept apart (隔离) with its reason until the register is mended."""

    journal_seq = models.PositiveBigIntegerField("日志序号")
    place = models.PositiveIntegerField("批内序号")
    mn = models.CharField("MN", max_length=40, db_index=True)
    cn = models.CharField("命令", max_length=8)
    address = models.CharField("来源地址", max_length=60)
    reason = models.CharField("原因", max_length=30, db_index=True)
    detail_zh = models.TextField("说明")
    detail_en = models.TextField("英文说明")
    raw = models.TextField("原文")
    received_at = models.DateTimeField("接收时间", db_index=True)
    released_at = models.DateTimeField("放行时间", null=True, blank=True)
    released_by = models.CharField("放行人", max_length=150, blank=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "隔离的报文"
        ordering: ClassVar = ["-journal_seq", "-place"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["journal_seq", "place", "reason"], name="set_aside_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mn} {self.reason}"


class Cursor(models.Model):
    """How far a reader of the journal has come."""

    name = models.CharField(max_length=60, primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "进度"

    def __str__(self) -> str:
        return f"{self.name} {self.seq}"
