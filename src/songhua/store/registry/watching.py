"""What links did hour by hour, and alarms: what an operator watches."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

ALARM_KINDS = [("silent", "静默"), ("skew", "时钟差过大"), ("faults", "错误报文过多")]


class LinkHour(models.Model):
    """What one identity sent within one hour."""

    mn = models.CharField("MN", max_length=40)
    hour = models.DateTimeField("小时", db_index=True)
    frames = models.PositiveIntegerField("帧", default=0)
    damaged = models.PositiveIntegerField("损坏的报文", default=0)
    values = models.PositiveIntegerField("数值", default=0)
    faults = models.JSONField("错误", default=dict)
    skew_min = models.FloatField("时钟差最小（秒）", null=True)
    skew_max = models.FloatField("时钟差最大（秒）", null=True)

    class Meta:
        """Constraints and names."""

        verbose_name = verbose_name_plural = "链路小时统计"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mn", "hour"], name="one_count_an_hour")
        ]

    def __str__(self) -> str:
        return f"{self.mn} {self.hour:%Y-%m-%d %H}"


class Alarm(models.Model):
    """A logger that wants attention: since when, until when, who has seen it."""

    mn = models.CharField("MN", max_length=40, db_index=True)
    kind = models.CharField("类型", max_length=10, choices=ALARM_KINDS)
    city = models.CharField("城市", max_length=6, blank=True)
    since = models.DateTimeField("自")
    raised_at = models.DateTimeField("报警时间", db_index=True)
    until = models.DateTimeField("恢复时间", null=True, db_index=True)
    value = models.FloatField("数值", null=True)
    limit = models.FloatField("限值")
    acknowledged_by = models.CharField("确认人", max_length=150, blank=True)
    acknowledged_at = models.DateTimeField("确认时间", null=True)
    note = models.CharField("处理说明", max_length=200, blank=True)

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "链路报警"
        ordering: ClassVar = ["-raised_at", "mn"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mn", "kind"], condition=Q(until__isnull=True), name="one_open_alarm"
            )
        ]

    def __str__(self) -> str:
        return f"{self.mn} {self.get_kind_display()}"

    @property
    def minutes(self) -> int:
        """How long it lasted, or lasts."""
        return round(((self.until or timezone.now()) - self.since).total_seconds() / 60)
