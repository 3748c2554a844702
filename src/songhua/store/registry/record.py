"""The record (留痕): acts of people, attempts to influence a datum, and every change of a table.

All three only grow: triggers in the database refuse to change or delete a row (`triggers`).
"""

from typing import ClassVar

from django.db import models

KINDS = [
    ("login", "登录"),
    ("login_failed", "登录失败"),
    ("logout", "退出"),
    ("mark", "审核标记"),
    ("correction", "更正"),
    ("setting", "设置"),
    ("command", "命令"),
    ("import", "导入"),
    ("lab", "实验室"),
    ("case", "案件"),
    ("export", "导出"),
    ("deletion", "删除尝试"),
    ("influence", "插手干预登记"),
    ("platform", "平台"),
    ("other", "其他"),
]
"""What an act may be."""

MEANS = [
    ("order", "指令或授意"),
    ("pressure", "施压或威胁"),
    ("favour", "请托或利益"),
    ("site", "干扰采样环境或设备"),
    ("instrument", "改动仪器参数"),
    ("data", "改动或要求改动数据"),
    ("sample", "调换或损毁样品"),
    ("other", "其他"),
]
"""By what means somebody tried to influence a datum."""


class Act(models.Model):
    """One act, as its journal entry says: the table is only for finding it."""

    journal_seq = models.PositiveBigIntegerField("日志序号", primary_key=True)
    at = models.DateTimeField("时间", db_index=True)
    kind = models.CharField("类别", max_length=16, choices=KINDS)
    who = models.CharField("何人", max_length=150, db_index=True)
    address = models.CharField("何处", max_length=100)
    door = models.CharField("入口", max_length=300)
    region = models.CharField("地区", max_length=6, blank=True)
    site = models.CharField("点位", max_length=40, blank=True, db_index=True)
    subject = models.CharField("对象", max_length=200, blank=True)
    why = models.TextField("原因", blank=True)
    by_order = models.CharField("受何人指令", max_length=150, blank=True)
    outcome = models.PositiveSmallIntegerField("结果")
    token = models.CharField(max_length=120, db_index=True)
    brought = models.TextField("带来的日志", blank=True)

    class Meta:
        """Order, indexes and names."""

        verbose_name = verbose_name_plural = "留痕"
        ordering: ClassVar = ["-journal_seq"]
        indexes: ClassVar = [models.Index(fields=["kind", "journal_seq"], name="act_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.who}"


class Influence(models.Model):
    """A report that someone tried to influence a datum (插手干预); never changed."""

    journal_seq = models.PositiveBigIntegerField("日志序号", primary_key=True)
    at = models.DateTimeField("登记时间", db_index=True)
    reporter = models.CharField("登记人", max_length=150)
    region = models.CharField("地区", max_length=6, blank=True)
    tried = models.CharField("插手干预的人", max_length=150)
    office = models.CharField("单位及职务", max_length=200, blank=True)
    happened_at = models.DateTimeField("发生时间")
    means = models.CharField("方式", max_length=12, choices=MEANS)
    site = models.CharField("点位", max_length=40, blank=True)
    datum = models.CharField("涉及的数据", max_length=300)
    words = models.TextField("经过")
    files = models.TextField("附件", blank=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "插手干预登记"
        ordering: ClassVar = ["-journal_seq"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.datum}"


class Change(models.Model):
    """A row of a protected table that was added, changed or removed; written by its triggers."""

    id = models.BigAutoField(primary_key=True)
    at = models.CharField("时间", max_length=30)
    token = models.CharField("行为", max_length=120, db_index=True)
    table = models.CharField("表", max_length=60)
    key = models.CharField("主键", max_length=100)
    op = models.CharField("动作", max_length=8)
    before = models.TextField("改前", null=True)
    after = models.TextField("改后", null=True)

    class Meta:
        """Order, indexes and names."""

        verbose_name = verbose_name_plural = "表的变更"
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["table", "key", "id"], name="change_row")]

    def __str__(self) -> str:
        return f"{self.op} {self.table} {self.key}"
