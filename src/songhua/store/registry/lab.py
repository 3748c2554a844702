"""The laboratory on record: instruments, samples and who held them, batches, signatures."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

CERTIFICATE_KINDS = [
    ("calibration", "校准"),
    ("verification", "检定"),
    ("check", "期间核查"),
]
SAMPLE_KINDS = [
    ("routine", "样品"),
    ("field_blank", "全程序空白"),
    ("field_parallel", "现场平行"),
]
CUSTODY = [
    ("taken", "采样"),
    ("handed", "移交"),
    ("received", "实验室接收"),
    ("refused", "拒收"),
    ("stored", "入库保存"),
    ("discarded", "处置"),
]
BATCH_STATES = [
    ("draft", "录入中"),
    ("signed_1", "待复核"),
    ("signed_2", "待签发"),
    ("issued", "已签发"),
]
LEVELS = [(1, "分析人员"), (2, "复核人员"), (3, "授权签字人")]
ROW_KINDS = [
    ("sample", "样品"),
    ("blank", "空白"),
    ("field_blank", "全程序空白"),
    ("parallel", "平行"),
    ("spike", "加标"),
    ("crm", "标准物质"),
    ("midpoint", "中间点"),
    ("drift", "漂移核查"),
    ("standard", "标准点"),
]
RESULT_STATES = [
    ("signing", "签审中"),
    ("issued", "已签发"),
    ("retest", "待复测"),
    ("replaced", "已被复测取代"),
]


class Instrument(models.Model):
    """An instrument of a laboratory."""

    code = models.CharField("设备编号", max_length=40, unique=True)
    name = models.CharField("名称", max_length=80)
    model = models.CharField("型号", max_length=80, blank=True)
    serial = models.CharField("出厂编号", max_length=80, blank=True)
    place = models.CharField("放置地点", max_length=80, blank=True)
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, related_name="+", verbose_name="所属地区"
    )
    active = models.BooleanField("在用", default=True)
    profile = models.JSONField(
        "导出文件的列",
        default=dict,
        blank=True,
        help_text='如 {"label": "样品名", "signal": "吸光度"}',
    )

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "实验室仪器"
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Certificate(models.Model):
    """A calibration, verification or check of an instrument: passed or failed, and until when."""

    instrument = models.ForeignKey(
        Instrument, models.PROTECT, related_name="certificates", verbose_name="仪器"
    )
    kind = models.CharField("类别", max_length=12, choices=CERTIFICATE_KINDS)
    body = models.CharField("机构", max_length=120)
    number = models.CharField("证书编号", max_length=80)
    done_on = models.DateField("日期")
    due_on = models.DateField("有效期至")
    passed = models.BooleanField("合格")
    note = models.TextField("说明", blank=True)
    author = models.CharField("登记人", max_length=150)
    journal_seq = models.PositiveBigIntegerField("日志序号")

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "检定校准证书"
        ordering: ClassVar = ["instrument", "-done_on", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["instrument", "number"], name="one_certificate_a_number"
            ),
            models.CheckConstraint(
                condition=Q(due_on__gte=models.F("done_on")), name="certificate_due_after_done"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.get_kind_display()}"


class Sample(models.Model):
    """A sample, as the field sheet has it."""

    barcode = models.CharField("条码", max_length=32, unique=True)
    key = models.CharField("防重编号", max_length=64, unique=True)
    digest = models.CharField("采样单摘要", max_length=64)
    kind = models.CharField("类别", max_length=16, choices=SAMPLE_KINDS, default="routine")
    site = models.ForeignKey("registry.Site", models.PROTECT, related_name="+", verbose_name="点位")
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, related_name="+", verbose_name="地区"
    )
    sampled_at = models.DateTimeField("采样时间", db_index=True)
    sampler = models.CharField("采样人", max_length=150)
    matrix = models.CharField("介质", max_length=20, default="surface_water")
    items = models.JSONField("项目")
    container = models.CharField("容器", max_length=60, blank=True)
    preservation = models.CharField("保存剂", max_length=120, blank=True)
    lon = models.FloatField("经度", null=True, blank=True)
    lat = models.FloatField("纬度", null=True, blank=True)
    remark = models.TextField("备注", blank=True)
    sent_at = models.DateTimeField("登记时间")
    author = models.CharField("登记人", max_length=150)
    journal_seq = models.PositiveBigIntegerField("日志序号")

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "样品"
        ordering: ClassVar = ["-sampled_at", "-pk"]

    def __str__(self) -> str:
        return self.barcode


class CustodyStep(models.Model):
    """Who gave a sample to whom, when, and how cold it was."""

    sample = models.ForeignKey(Sample, models.PROTECT, related_name="steps", verbose_name="样品")
    what = models.CharField("环节", max_length=10, choices=CUSTODY)
    at = models.DateTimeField("时间")
    giver = models.CharField("交出人", max_length=150, blank=True)
    taker = models.CharField("接收人", max_length=150)
    temperature = models.FloatField("温度 °C", null=True, blank=True)
    remark = models.TextField("备注", blank=True)
    author = models.CharField("登记人", max_length=150)
    journal_seq = models.PositiveBigIntegerField("日志序号")

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "样品流转"
        ordering: ClassVar = ["sample", "pk"]

    def __str__(self) -> str:
        return f"{self.sample_id} {self.get_what_display()}"


class Batch(models.Model):
    """Samples analysed together by one method for one item."""

    number = models.CharField("批号", max_length=40, unique=True)
    method = models.CharField("分析方法", max_length=40)
    instrument = models.ForeignKey(
        Instrument, models.PROTECT, related_name="batches", verbose_name="仪器"
    )
    region = models.ForeignKey(
        "registry.Region", models.PROTECT, related_name="+", verbose_name="所属地区"
    )
    analyst = models.CharField("分析人员", max_length=150)
    analysed_on = models.DateField("分析日期")
    detection_limit = models.DecimalField("检出限", max_digits=18, decimal_places=9)
    weight = models.CharField(
        "曲线权重", max_length=4, default="1", choices=[(one, one) for one in ("1", "1/x", "1/x2")]
    )
    curve_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="沿用曲线"
    )
    state = models.CharField(
        "状态", max_length=10, choices=BATCH_STATES, default="draft", db_index=True
    )
    round = models.PositiveSmallIntegerField("签审轮次", default=1)
    made_at = models.DateTimeField("建立时间")
    journal_seq = models.PositiveBigIntegerField("签发的日志序号", null=True)

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "分析批"
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


class BatchRow(models.Model):
    """One determination of a batch: a sample, a control sample, or a point of the curve."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="rows", verbose_name="分析批")
    place = models.PositiveIntegerField("行")
    kind = models.CharField("类别", max_length=12, choices=ROW_KINDS)
    label = models.CharField("条码或名称", max_length=40)
    sample = models.ForeignKey(
        Sample, models.PROTECT, null=True, blank=True, related_name="rows", verbose_name="样品"
    )
    of = models.CharField("所属样品", max_length=40, blank=True)
    signal = models.FloatField("信号", null=True, blank=True)
    dilution = models.FloatField("稀释倍数", default=1.0)
    told = models.CharField("测定值", max_length=40, blank=True)
    nominal = models.DecimalField(
        "标称值或加标量", max_digits=18, decimal_places=9, null=True, blank=True
    )
    uncertainty = models.DecimalField(
        "不确定度", max_digits=18, decimal_places=9, null=True, blank=True
    )

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "分析批的行"
        ordering: ClassVar = ["batch", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "place"], name="one_row_a_place")
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.label}"


class Result(models.Model):
    """What a batch says of a sample; a value only where it was detected."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="results", verbose_name="分析批")
    sample = models.ForeignKey(Sample, models.PROTECT, related_name="results", verbose_name="样品")
    item = models.CharField("项目", max_length=30, db_index=True)
    value = models.DecimalField("数值", max_digits=18, decimal_places=9, null=True)
    detection_limit = models.DecimalField("检出限", max_digits=18, decimal_places=9)
    told = models.CharField("报出", max_length=40)
    unit = models.CharField("单位", max_length=20)
    state = models.CharField("状态", max_length=10, choices=RESULT_STATES, default="signing")
    retest_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="retests", verbose_name="复测自"
    )
    retest_why = models.TextField("复测原因", blank=True)
    retest_by = models.CharField("提出人", max_length=150, blank=True)

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "检测结果"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "sample"], name="one_result_a_sample")
        ]

    def __str__(self) -> str:
        return f"{self.sample_id} {self.item} {self.told}"


class Signature(models.Model):
    """A signature on a batch, or its return, with an opinion."""

    batch = models.ForeignKey(
        Batch, models.PROTECT, related_name="signatures", verbose_name="分析批"
    )
    round = models.PositiveSmallIntegerField("轮次")
    level = models.PositiveSmallIntegerField("级", choices=LEVELS)
    who = models.CharField("签字人", max_length=150)
    at = models.DateTimeField("时间")
    returned = models.BooleanField("退回", default=False)
    opinion = models.TextField("意见", blank=True)
    journal_seq = models.PositiveBigIntegerField("日志序号")

    class Meta:
        """Order, constraints and names."""

        verbose_name = verbose_name_plural = "签字"
        ordering: ClassVar = ["batch", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["batch", "round", "level"], name="one_signature_a_level"
            ),
            models.UniqueConstraint(fields=["batch", "round", "who"], name="three_persons_sign"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.get_level_display()} {self.who}"
