"""What was asked of the field, step by step, and what of its data is missing."""

from typing import ClassVar

from django.db import models

COMMAND_STATES = [
    ("waiting", "等待"),
    ("under_way", "进行中"),
    ("done", "已执行"),
    ("nothing", "没有数据"),
    ("refused", "被拒绝"),
    ("failed", "执行失败"),
    ("silent", "没有应答"),
    ("broken", "应答后中断"),
    ("offline", "不在线"),
    ("interrupted", "平台停止"),
]
GAP_REASONS = [
    ("power", "停电"),
    ("maintenance", "检修或质控"),
    ("instrument", "仪器故障"),
    ("line", "通信线路"),
    ("other", "其他"),
]
GAP_STATES = [
    ("open", "缺数"),
    ("closed", "已补齐"),
    ("nothing", "现场没有数据"),
    ("explained", "已说明"),
]


class Command(models.Model):
    """A request to a logger, and each step of what came of it."""

    mn = models.CharField("MN", max_length=40, db_index=True)
    cn = models.CharField("命令", max_length=8)
    values = models.JSONField("参数", default=dict)
    qn = models.CharField("请求编码 QN", max_length=20)
    journal_seq = models.PositiveBigIntegerField("日志序号")
    author = models.CharField("经手人", max_length=150)
    why = models.TextField("缘由", blank=True)
    asked_at = models.DateTimeField("请求时间", db_index=True)
    state = models.CharField("状态", max_length=12, choices=COMMAND_STATES, default="waiting")
    code = models.PositiveSmallIntegerField("返回代码", null=True)
    data = models.PositiveIntegerField("数据帧", default=0)
    steps = models.JSONField("经过", default=list)
    ended_at = models.DateTimeField("结束时间", null=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "对现场的请求"
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.mn} {self.cn} {self.get_state_display()}"


class Gap(models.Model):
    """Hours of a site that did not come: known, asked for, closed or explained."""

    site = models.ForeignKey(
        "registry.Site", models.CASCADE, related_name="gaps", verbose_name="点位"
    )
    mn = models.CharField("MN", max_length=40)
    quantities = models.TextField("指标", blank=True, help_text="空格分隔；空为全部")
    first = models.DateTimeField("第一个小时")
    last = models.DateTimeField("最后一个小时")
    found_at = models.DateTimeField("发现时间")
    state = models.CharField("状态", max_length=10, choices=GAP_STATES, default="open")
    tries = models.PositiveSmallIntegerField("补取次数", default=0)
    asked_at = models.DateTimeField("最近补取", null=True)
    ended_at = models.DateTimeField("结束时间", null=True)
    reason = models.CharField("原因", max_length=12, choices=GAP_REASONS, blank=True)
    explanation = models.TextField("说明", blank=True)
    author = models.CharField("说明人", max_length=150, blank=True)
    commands = models.ManyToManyField(
        Command, blank=True, related_name="gaps", verbose_name="补取的请求"
    )

    class Meta:
        """Order, indexes and names."""

        verbose_name = verbose_name_plural = "缺数"
        ordering: ClassVar = ["-first", "site"]
        indexes: ClassVar = [models.Index(fields=["state", "site"], name="gap_state_site")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="gap_ends_after_it_starts"
            )
        ]

    def __str__(self) -> str:
        return f"{self.site_id} {self.first:%Y-%m-%d %H} – {self.last:%Y-%m-%d %H}"
