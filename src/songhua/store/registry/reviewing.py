"""Who reviewed what: every act, the site-days it touched, and how each site-day stands."""

from typing import ClassVar

from django.db import models

REVIEW_ACTS = [
    ("mark", "标记"),
    ("correct", "订正"),
    ("restore", "恢复"),
    ("undo", "撤销"),
    ("confirm", "确认"),
    ("return", "退回"),
]
_LEVELS = [(0, "未审核"), (1, "一级已审"), (2, "二级已审"), (3, "三级已审")]


class ReviewAct(models.Model):
    """One act of a reviewer; the values and what they were before are in the journal."""

    journal_seq = models.PositiveBigIntegerField("日志序号", primary_key=True)
    act = models.CharField("动作", max_length=8, choices=REVIEW_ACTS)
    level = models.PositiveSmallIntegerField("级别")
    verdict = models.CharField("结论", max_length=12, blank=True)
    reason = models.CharField("原因", max_length=20, blank=True)
    words = models.TextField("说明", blank=True)
    author = models.CharField("审核人", max_length=150, db_index=True)
    at = models.DateTimeField("时间", db_index=True)
    values = models.PositiveIntegerField("数值", default=0)
    of = models.PositiveBigIntegerField("撤销的是", null=True, db_index=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "审核"
        ordering: ClassVar = ["-journal_seq"]

    def __str__(self) -> str:
        return f"{self.get_act_display()} {self.author}"


class ReviewTouch(models.Model):
    """A site-day that an act touched."""

    act = models.ForeignKey(ReviewAct, models.CASCADE, related_name="touches", verbose_name="审核")
    site = models.CharField("点位", max_length=40)
    day = models.DateField("日期")
    values = models.PositiveIntegerField("数值", default=0)

    class Meta:
        """Constraints, indexes and names."""

        verbose_name = verbose_name_plural = "审核涉及的点位日"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["act", "site", "day"], name="one_touch_a_day")
        ]
        indexes: ClassVar = [models.Index(fields=["day", "site"], name="review_touch_day")]

    def __str__(self) -> str:
        return f"{self.site} {self.day}"


class ReviewDay(models.Model):
    """How the review of a site-day stands: the highest level that confirmed it, or a return."""

    site = models.CharField("点位", max_length=40)
    day = models.DateField("日期")
    level = models.PositiveSmallIntegerField("已审至", choices=_LEVELS, default=0)
    returned_by = models.CharField("退回人", max_length=150, blank=True)
    opinion = models.TextField("退回意见", blank=True)
    last_seq = models.PositiveBigIntegerField("最近的日志序号", default=0)
    confirmed_seq = models.PositiveBigIntegerField("最近确认的日志序号", default=0)
    by_1 = models.CharField("一级审核人", max_length=150, blank=True)
    at_1 = models.DateTimeField("一级审核时间", null=True)
    by_2 = models.CharField("二级审核人", max_length=150, blank=True)
    at_2 = models.DateTimeField("二级审核时间", null=True)
    by_3 = models.CharField("三级审核人", max_length=150, blank=True)
    at_3 = models.DateTimeField("三级审核时间", null=True)

    class Meta:
        """Constraints, indexes and names."""

        verbose_name = verbose_name_plural = "点位日的审核"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["site", "day"], name="one_review_a_site_day")
        ]
        indexes: ClassVar = [models.Index(fields=["day", "level"], name="review_day_level")]

    def __str__(self) -> str:
        return f"{self.site} {self.day} {self.get_level_display()}"
