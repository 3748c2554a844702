"""Other platforms to which what arrives is passed on, and how far that has come."""

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

KINDS = [("hj212", "HJ 212"), ("mqtt", "MQTT")]
STATES = [
    ("off", "已停用"),
    ("connecting", "连接中"),
    ("online", "在线"),
    ("caught_up", "已追平"),
    ("broken", "中断"),
]
COMMANDS = "2011 2013 2031 2051 2052 2061 2062 2111"
"""Uploads of data by HJ 212—2017 and —2025: those that are passed on unless said otherwise."""


class Upstream(models.Model):
    """A platform that receives what arrives here."""

    name = models.CharField("名称", max_length=120, unique=True)
    kind = models.CharField("方式", max_length=8, choices=KINDS, default="hj212")
    host = models.CharField("主机", max_length=200)
    port = models.PositiveIntegerField(
        "端口", validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    tls = models.BooleanField("TLS", default=False)
    authority = models.CharField(
        "根证书文件", max_length=300, blank=True, help_text="PEM；空为系统信任的"
    )
    active = models.BooleanField("启用", default=False)
    mns = models.TextField("数采仪", blank=True, help_text="MN，空格分隔；空为全部")
    sites = models.TextField("点位", blank=True, help_text="空格分隔；空为全部")
    region = models.CharField("区划", max_length=6, blank=True, help_text="如 220100；空为全部")
    commands = models.CharField("命令", max_length=200, default=COMMANDS)
    identities = models.JSONField(
        "MN 对照", default=dict, blank=True, help_text='{"本平台 MN": "对方 MN"}；没有的不变'
    )
    password_from = models.CharField(
        "访问密码来源",
        max_length=200,
        blank=True,
        help_text="env:变量名 或 file:路径，密码不存库；空为原样转发",
    )
    edition = models.PositiveSmallIntegerField(
        "对方版本",
        choices=[(0, "与来报相同"), (2017, "HJ 212—2017"), (2025, "HJ 212—2025")],
        default=0,
    )
    topic = models.CharField("MQTT 主题", max_length=200, default="songhua/{st}/{mn}/{cn}")
    payload = models.CharField(
        "MQTT 内容", max_length=6, choices=[("raw", "原报文"), ("json", "JSON")], default="raw"
    )
    user = models.CharField("MQTT 用户", max_length=120, blank=True)
    secret_from = models.CharField(
        "MQTT 密码来源", max_length=200, blank=True, help_text="env:变量名 或 file:路径"
    )
    window = models.PositiveSmallIntegerField(
        "窗口（帧）", default=100, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    rate = models.PositiveIntegerField(
        "限速（帧/秒）", default=500, validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    tries = models.PositiveSmallIntegerField(
        "单帧发送次数", default=4, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    start = models.DateTimeField(
        "自何时起", null=True, blank=True, help_text="按接收时间；空为自启用时起"
    )

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "转发对象"
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what could not be used, and secrets in clear."""
        for field in ("password_from", "secret_from"):
            source = getattr(self, field)
            if source and not source.startswith(("env:", "file:")):
                raise ValidationError({field: "写 env:变量名 或 file:路径，不写密码本身。"})
        if not isinstance(self.identities, dict) or not all(
            isinstance(one, str) and one.isascii() and 0 < len(one) <= 40 and one.isalnum()
            for one in self.identities.values()
        ):
            raise ValidationError({"identities": '应为 {"本平台 MN": "对方 MN"}。'})
        topic = self.topic
        for name in ("{st}", "{mn}", "{cn}"):
            topic = topic.replace(name, "x")
        if not topic or set("#+{}") & set(topic):
            raise ValidationError({"topic": "只能用 {st}、{mn}、{cn}，不能有 # 和 +。"})


class UpstreamState(models.Model):
    """How far an upstream has received: all before `seq` and `place`, and those in `done`."""

    upstream = models.OneToOneField(
        Upstream, models.CASCADE, related_name="state", primary_key=True, verbose_name="对象"
    )
    seq = models.PositiveBigIntegerField("日志序号")
    place = models.PositiveIntegerField("批内序号", default=0)
    done = models.JSONField("其后已收", default=list)
    state = models.CharField("状态", max_length=10, choices=STATES, default="off")
    since = models.DateTimeField("自", null=True)
    sent = models.PositiveBigIntegerField("已发", default=0)
    acknowledged = models.PositiveBigIntegerField("已收", default=0)
    refused = models.PositiveBigIntegerField("未被接受", default=0)
    rate = models.FloatField("帧/秒", default=0)
    oldest = models.DateTimeField("最早未发", null=True)
    backlog = models.PositiveBigIntegerField("待发（日志条）", default=0)
    fault_zh = models.TextField("最近错误", blank=True)
    fault_en = models.TextField("最近错误（英文）", blank=True)
    fault_at = models.DateTimeField("出错时间", null=True)
    receipts = models.JSONField("最近回执", default=list)
    noted_at = models.DateTimeField("记录时间", null=True)

    class Meta:
        """Names."""

        verbose_name = verbose_name_plural = "转发进度"

    def __str__(self) -> str:
        return f"{self.upstream_id} {self.seq}.{self.place}"


class Unsent(models.Model):
    """A frame that an upstream did not take: set aside for it, with the reason."""

    upstream = models.ForeignKey(
        Upstream, models.CASCADE, related_name="unsent", verbose_name="对象"
    )
    seq = models.PositiveBigIntegerField("日志序号")
    place = models.PositiveIntegerField("批内序号")
    mn = models.CharField("MN", max_length=40)
    cn = models.CharField("命令", max_length=8)
    reason_zh = models.TextField("原因")
    reason_en = models.TextField("原因（英文）")
    at = models.DateTimeField("时间")

    class Meta:
        """Order and names."""

        verbose_name = verbose_name_plural = "未被接受的报文"
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upstream", "seq", "place"], name="unsent_once")
        ]

    def __str__(self) -> str:
        return f"{self.mn} {self.cn}"
