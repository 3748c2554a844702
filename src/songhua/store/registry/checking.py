"""The register of check rules that people set: dated, ended, never changed or removed."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from songhua.store.registry.casework import Kept


class CheckRule(Kept):
    """A check of one quantity that people set, from one day on, instead of the built-in one."""

    kind = models.CharField("检查", max_length=20)
    quantity = models.CharField("指标", max_length=40)
    period = models.CharField("周期", max_length=10)
    settings = models.JSONField("设置")
    sites = models.JSONField("点位", default=list)
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, null=True, blank=True, verbose_name="地区"
    )
    since = models.DateField("起始日")
    until = models.DateField("最后一日", null=True, blank=True)
    why = models.TextField("理由")
    set_by = models.CharField("设定人", max_length=150)
    set_at = models.DateTimeField("设定时间")
    ended_by = models.CharField("终止人", max_length=150, blank=True)
    ended_at = models.DateTimeField("终止时间", null=True, blank=True)
    ended_why = models.TextField("终止理由", blank=True)

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "检查规则"
        ordering: ClassVar = ["quantity", "kind", "since", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(sites=[]) | Q(region__isnull=True), name="rule_of_sites_or_region"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What verdicts name it by."""
        return f"{self.quantity}-{self.kind}-{self.pk}"
