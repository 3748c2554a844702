"""Sources beside loggers (接入来源): what they may speak for, how they stand, what is set aside."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from songhua.model import BadInput, SourceKind, check_settings
from songhua.model.source import check_name

_KINDS = [
    (SourceKind.HTTP.value, "HTTP 接口"),
    (SourceKind.DROP.value, "投递文件夹"),
    (SourceKind.SFTP.value, "SFTP 文件夹"),
    (SourceKind.MQTT.value, "MQTT 订阅"),
    (SourceKind.MODBUS.value, "Modbus-TCP 轮询"),
]


class Source(models.Model):
    """A source, the door it comes by, and the sites it may speak for."""

    name = models.CharField("名称", max_length=40, unique=True)
    kind = models.CharField("接入方式", max_length=10, choices=_KINDS)
    region = models.ForeignKey(
        "registry.Region",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="区域",
        help_text="可为该区域内的全部点位发言",
    )
    sites = models.TextField("另加的点位", blank=True, help_text="点位编码，空格分隔")
    settings = models.JSONField("设置", default=dict, blank=True)
    token_sha256 = models.CharField(max_length=64, blank=True, db_index=True, editable=False)
    active = models.BooleanField("启用", default=True)
    author = models.CharField("登记人", max_length=150, editable=False)
    created_at = models.DateTimeField("登记时间", auto_now_add=True)
    note = models.TextField("备注", blank=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "接入来源"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a name or settings that cannot be used, or a source that may say nothing."""
        try:
            check_name(self.name)
        except BadInput as fault:
            raise ValidationError({"name": f"{fault.zh} {fault.en}"}) from fault
        try:
            self.settings = check_settings(self.kind, self.settings)
        except BadInput as fault:
            raise ValidationError({"settings": f"{fault.zh} {fault.en}"}) from fault
        if self.region_id is None and not self.sites.split():
            raise ValidationError("请选择区域或写出点位。 Choose a region or name sites.")


class SourceState(models.Model):
    """How a source stands."""

    source = models.OneToOneField(Source, models.CASCADE, primary_key=True, related_name="state")
    state = models.CharField("状态", max_length=12, default="")
    last_seen = models.DateTimeField("最近", null=True)
    messages = models.PositiveBigIntegerField("报文或文件", default=0)
    rows_new = models.PositiveBigIntegerField("新增", default=0)
    rows_changed = models.PositiveBigIntegerField("修订", default=0)
    rows_same = models.PositiveBigIntegerField("未变", default=0)
    rows_aside = models.PositiveBigIntegerField("隔离", default=0)
    error_zh = models.TextField("最近的错误", blank=True)
    error_en = models.TextField(blank=True)
    error_at = models.DateTimeField(null=True)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "接入状态"

    def __str__(self) -> str:
        return f"{self.source_id} {self.state}"


class Receipt(models.Model):
    """What was answered to a key: the same key again gets the same answer."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="receipts")
    key = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    journal_seq = models.PositiveBigIntegerField(db_index=True)
    received_at = models.DateTimeField()
    answer = models.JSONField(null=True)

    class Meta:
        """Constraints and names."""

        verbose_name = verbose_name_plural = "接收回执"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "key"], name="one_receipt_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.key}"


class RowAside(models.Model):
    """A row of a message kept apart (隔离) with its reason until the register is mended."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="asides")
    journal_seq = models.PositiveBigIntegerField("日志序号")
    row = models.PositiveIntegerField("行")
    reason = models.CharField("原因", max_length=30)
    detail_zh = models.TextField("说明")
    detail_en = models.TextField("英文说明")
    raw = models.TextField("原文")
    received_at = models.DateTimeField("接收时间")
    released_at = models.DateTimeField("放行时间", null=True, blank=True)
    released_by = models.CharField("放行人", max_length=150, blank=True)

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "隔离的数据行"
        ordering: ClassVar = ["-journal_seq", "row"]
        indexes: ClassVar = [
            models.Index(fields=["source", "released_at", "reason"], name="row_aside_open")
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["journal_seq", "row"], name="row_aside_once")
        ]

    def __str__(self) -> str:
        return f"{self.journal_seq}/{self.row} {self.reason}"


class TakenFile(models.Model):
    """A remote file that is in the journal."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="taken")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    mtime = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """Constraints and names."""

        verbose_name = verbose_name_plural = "取过的远端文件"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "name", "size", "mtime"], name="taken_once")
        ]

    def __str__(self) -> str:
        return self.name
