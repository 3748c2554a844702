"""The registers in Django's admin, in Chinese: who may see and change what is asked of the role.

What files and people brought in (imports, rejects, corrections) and what the standards define
(divisions, quantities) is shown, never changed here. People and sites are never deleted: results
name them for ever. They are closed instead.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from songhua.api import ports
from songhua.assess.job import POLLUTANTS
from songhua.model import SourceKind
from songhua.standards import quantity
from songhua.store.registry import sources
from songhua.store.registry.models import (
    Command,
    Correction,
    Device,
    DustPeriod,
    ExceptionalEvent,
    Gap,
    ImportFile,
    Quantity,
    Region,
    Reject,
    Site,
    SiteAlias,
    SitePeriod,
    Source,
    Unsent,
    Upstream,
    User,
)
from songhua.store.registry.rights import Action, Role

_SPAN = ("valid_from", "valid_until")

admin.site.site_title = "松花"
admin.site.site_header = "松花 · 管理"
admin.site.index_title = "登记簿"
admin.site.enable_nav_sidebar = True
admin.site.empty_value_display = "—"
admin.site.unregister(Group)  # rights come with the role


def _manages(request: HttpRequest) -> bool:
    user = request.user
    return isinstance(user, User) and user.may(Action.MANAGE)


class Register(admin.ModelAdmin):  # type: ignore[type-arg]  # one base for every model
    """A register that administrators keep. Nothing in it is deleted."""

    list_per_page = 50
    save_on_top = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the person keeps registers at all."""
        return _manages(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may look."""
        return _manages(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may add."""
        return _manages(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may change."""
        return _manages(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nobody deletes."""
        return False


class Shown(Register):
    """A register that is shown and never changed by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nothing is added here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nothing is changed here."""
        return False


class _Kept:
    """Rows kept on the page of what they belong to. Nothing of them is deleted."""

    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may look."""
        return _manages(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may add."""
        return _manages(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may change."""
        return _manages(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return that nobody deletes."""
        return False


@admin.register(Region)
class RegionAdmin(Shown):
    """Divisions, as GB/T 2260 has them."""

    list_display = ("code", "name_zh", "name_en", "level", "parent", "own", "confidence")
    list_filter = ("level", "own", "confidence")
    search_fields = ("code", "name_zh", "name_en", "short_zh")
    list_select_related = ("parent",)


@admin.register(Quantity)
class QuantityAdmin(Shown):
    """Quantities, as the quantity table has them."""

    list_display = ("key", "symbol", "name_zh", "name_en", "unit", "places", "codes", "medium")
    list_filter = ("medium",)
    search_fields = ("key", "name_zh", "name_en", "codes")


class PeriodRows(_Kept, admin.StackedInline):  # type: ignore[type-arg]  # as its siblings
    """What a site was called and where it stood."""

    model = SitePeriod
    fields = (("name_zh", "name_en"), ("city", "county"), ("lon", "lat"), _SPAN)
    autocomplete_fields = ("city", "county")


class AliasRows(_Kept, admin.TabularInline):  # type: ignore[type-arg]  # as its siblings
    """Spellings that files use for a site."""

    model = SiteAlias
    fields = ("city_name", "name")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may delete: a spelling is only a way to read files."""
        return _manages(request)


class StandsFilter(admin.SimpleListFilter):
    """Sites that stand today, and those that were closed."""

    title = "是否在用"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("yes", "在用"), ("no", "已停用")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Site]) -> QuerySet[Site]:
        """Return the sites of the choice."""
        today = timezone.localdate()
        open_now = Q(periods__valid_from__lte=today) & (
            Q(periods__valid_until__isnull=True) | Q(periods__valid_until__gte=today)
        )
        standing = Site.objects.filter(open_now).values("pk")
        if self.value() == "yes":
            return queryset.filter(pk__in=standing)
        return queryset.exclude(pk__in=standing) if self.value() == "no" else queryset


@admin.register(Site)
class SiteAdmin(Register):
    """Sites, with what changed in time as rows of their own."""

    list_display = ("key", "name", "city", "level", "medium", "since", "until", "confidence")
    list_filter = ("medium", "level", StandsFilter, "confidence")
    search_fields = ("key", "periods__name_zh", "periods__name_en", "aliases__name")
    inlines: ClassVar = [PeriodRows, AliasRows]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Site]:
        """Return sites with their periods at hand."""
        return super().get_queryset(request).prefetch_related("periods__city")

    def get_readonly_fields(self, request: HttpRequest, obj: Site | None = None) -> tuple[str, ...]:
        """Return what may not change: the key, once observations may name it."""
        return ("key",) if obj else ()

    @admin.display(description="名称")
    def name(self, site: Site) -> str:
        """Return the newest name."""
        last = _newest(site)
        return last.name_zh if last else ""

    @admin.display(description="城市")
    def city(self, site: Site) -> str:
        """Return the newest city."""
        last = _newest(site)
        return last.city.short_zh if last else ""

    @admin.display(description="启用")
    def since(self, site: Site) -> Any:
        """Return its first day."""
        return min((period.valid_from for period in site.periods.all()), default=None)

    @admin.display(description="停用（含）")
    def until(self, site: Site) -> Any:
        """Return its last day."""
        last = _newest(site)
        return last.valid_until if last else None


def _newest(site: Site) -> SitePeriod | None:
    return max(site.periods.all(), key=lambda period: period.valid_from, default=None)


@admin.register(User)
class PersonAdmin(UserAdmin, Register):  # type: ignore[type-arg]  # Django's own is generic
    """People: role, region, whether they may log in."""

    list_display = ("username", "title", "role", "region", "is_active", "last_login")
    list_filter = ("role", "is_active", ("region", admin.RelatedOnlyFieldListFilter))
    search_fields = ("username", "title", "first_name", "last_name", "email")
    autocomplete_fields = ("region",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password", "title")}),
        (
            "权限",
            {
                "fields": ("role", "region", "is_active"),
                "description": "查看员只看；运维员与分析员可在其区域内导入与更正；"
                "系统管理员还管理登记簿。"
                "离任者取消“有效”即可，其经手的记录永远保留。",
            },
        ),
        ("联系", {"fields": ("last_name", "first_name", "email")}),
        ("时间", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "title", "role", "region", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Return what may not change: one's own role and admission, lest nobody is left inside."""
        own = (
            ("role", "region", "is_active") if obj is not None and obj.pk == request.user.pk else ()
        )
        return (*self.readonly_fields, *own)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        """Keep the person; administrators, and only they, enter these pages."""
        obj.is_staff = obj.is_superuser = obj.role == Role.ADMINISTRATOR
        super().save_model(request, obj, form, change)


class Decided(Register):
    """A register of decisions: who registered it is written by the platform."""

    exclude = ("author",)
    date_hierarchy = "start"
    autocomplete_fields = ("region",)
    list_filter = (("region", admin.RelatedOnlyFieldListFilter),)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Keep the decision and who registered it; what it touches, or touched, is recomputed."""
        obj.author = request.user.get_username()
        former = type(obj).objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        self._tell(request, [one for one in (former, obj) if one is not None], "登记")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Take a decision back; what it touched is recomputed."""
        super().delete_model(request, obj)
        self._tell(request, [obj], "撤销")

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Take decisions back; what they touched is recomputed."""
        taken = list(queryset)
        super().delete_queryset(request, queryset)
        self._tell(request, taken, "撤销")

    def _tell(self, request: HttpRequest, touched: Sequence[Any], verb: str) -> None:
        of = self.opts
        for one in touched:
            seq = ports.platform().decide(
                ports.Decision(
                    register=of.model_name or "",
                    words=f"{verb}{of.verbose_name}：{one}",
                    region=one.region_id,
                    start=one.start,
                    end=one.end,
                    author=request.user.get_username(),
                )
            )
            transaction.on_commit(partial(ports.platform().follow, seq))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may take a decision back."""
        return _manages(request)


@admin.register(DustPeriod)
class DustPeriodAdmin(Decided):
    """Sand and dust over a city."""

    list_display = ("region", "start", "end", "document", "author")
    search_fields = ("region__name_zh", "document")


class EventForm(forms.ModelForm):  # type: ignore[type-arg]  # one base for every model
    """An exceptional event; its pollutants are ticked."""

    quantities = forms.MultipleChoiceField(
        label="项目",
        choices=[(name, quantity(name).symbol) for name in POLLUTANTS],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["quantities"] = self.instance.quantities.split("+")

    def clean_quantities(self) -> str:
        """Return the keys joined, as the register keeps them."""
        return "+".join(self.cleaned_data["quantities"])


@admin.register(ExceptionalEvent)
class ExceptionalEventAdmin(Decided):
    """Exceptional events of HJ 663—2026."""

    form = EventForm

    list_display = ("region", "kind", "quantities", "start", "end", "document", "author")
    search_fields = ("region__name_zh", "kind", "document")


@admin.register(Device)
class DeviceAdmin(Register):
    """Loggers: who may speak for which site."""

    list_display = ("mn", "name", "site", "edition", "addresses", "active")
    list_filter = ("edition", "active")
    search_fields = ("mn", "name", "site__key")
    autocomplete_fields = ("site",)


@admin.register(Source)
class SourceAdmin(Register):
    """Sources beside loggers: by which door they come, for which sites they may speak."""

    list_display = ("name", "kind", "region", "sites", "active", "author", "created_at")
    list_filter = ("kind", "active")
    search_fields = ("name", "sites", "note")
    autocomplete_fields = ("region",)
    actions = ("renew",)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Source | None = None
    ) -> tuple[str, ...]:
        """Return what may not change: values name their source for ever."""
        return ("name", "kind") if obj else ()

    def save_model(self, request: HttpRequest, obj: Source, form: Any, change: Any) -> None:
        """Keep the source and who registered it; show a new token once."""
        if not change:
            obj.author = request.user.get_username()
        super().save_model(request, obj, form, change)
        if not change and obj.kind == SourceKind.HTTP:
            self._show_token(request, obj)

    @admin.action(description="换发令牌（旧的立即作废）")
    def renew(self, request: HttpRequest, queryset: QuerySet[Source]) -> None:
        """Give new tokens; the former ones are void."""
        for source in queryset.filter(kind=SourceKind.HTTP):
            self._show_token(request, source)

    def _show_token(self, request: HttpRequest, source: Source) -> None:
        token = sources.new_token(source)
        self.message_user(request, f"{source.name} 的令牌（只显示这一次）：{token}")


@admin.register(Upstream)
class UpstreamAdmin(Register):
    """Platforms to which what arrives is passed on."""

    list_display = ("name", "kind", "host", "port", "tls", "active")
    list_filter = ("kind", "active")
    search_fields = ("name", "host")


@admin.register(Unsent)
class UnsentAdmin(Shown):
    """Frames that an upstream did not take."""

    list_display = ("upstream", "mn", "cn", "reason_zh", "at")
    list_filter = ("upstream",)
    search_fields = ("mn",)


@admin.register(Command)
class CommandAdmin(Shown):
    """What was asked of loggers, and what came of it."""

    list_display = ("mn", "cn", "author", "why", "asked_at", "state", "code", "data")
    list_filter = ("state", "cn", "author")
    search_fields = ("mn", "qn", "why")
    date_hierarchy = "asked_at"


@admin.register(Gap)
class GapAdmin(Shown):
    """Hours that did not come: asked for, closed or explained."""

    list_display = ("site", "quantities", "first", "last", "state", "tries", "asked_at")
    list_filter = ("state",)
    search_fields = ("site__key", "mn", "explanation")


@admin.register(ImportFile)
class ImportFileAdmin(Shown):
    """Files that came in."""

    list_display = (
        "name",
        "author",
        "received_at",
        "state",
        "lines",
        "rows_new",
        "rows_changed",
        "rows_same",
        "rejected",
    )
    list_filter = ("state", "author", "received_at")
    search_fields = ("name", "author", "sha256", "note")
    date_hierarchy = "received_at"

    @admin.display(description="拒收", ordering="rows_rejected")
    def rejected(self, file: ImportFile) -> SafeString | int:
        """Return how many rows were rejected, with a way to them."""
        if not file.rows_rejected:
            return 0
        return format_html(
            '<a href="../reject/?file__id__exact={}">{}</a>', file.pk, file.rows_rejected
        )


@admin.register(Reject)
class RejectAdmin(Shown):
    """Rows that could not go in."""

    list_display = ("file", "line", "fault", "detail_zh", "raw")
    list_filter = ("fault", ("file", admin.RelatedOnlyFieldListFilter))
    search_fields = ("raw", "detail_zh", "file__name")
    list_select_related = ("file",)


@admin.register(Correction)
class CorrectionAdmin(Shown):
    """Values that a person changed."""

    list_display = ("site", "quantity", "time", "former", "value", "reason", "author", "at")
    list_filter = ("quantity", "period", "author", "at")
    search_fields = ("site", "reason", "author")
    date_hierarchy = "at"
