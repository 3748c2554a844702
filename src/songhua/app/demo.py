"""`make demo`: real public observations, one sample login a role, the platform in the browser."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from rich.console import Console
from rich.table import Table

from songhua.api.ports import FraudOrder, ImportOrder
from songhua.app.addresses import read_address
from songhua.app.platform import Songhua
from songhua.app.playback import play, without_last_day
from songhua.app.progress import progress
from songhua.app.shown import show_import
from songhua.app.simulate.messages import PASSWORD, mn_of
from songhua.model import BadInput
from songhua.standards import PROVINCE
from songhua.store.registry import links, records
from songhua.store.registry.models import FraudRun
from songhua.store.registry.sites import sites

_FOLDER = Path(__file__).parents[3] / "demo"
_AUTHOR = "demo"
_ALL = ("0.0.0.0", "::")  # noqa: S104 - compared, not listened on
_HOURS = "air_hourly_2020-04"
_FILES = ("air_city_daily_2013-2015", _HOURS)
_LOGINS = (
    ("viewer", "viewer", "220100", "长春市查看员"),
    ("operator", "operator", "220100", "长春市运维员"),
    ("analyst", "analyst", "220000", "省中心分析员"),
    ("signatory", "signatory", "220000", "省中心授权签字人"),
    ("leader", "leader", "220000", "省级负责人"),
    ("admin", "administrator", "220000", "系统管理员"),
)


def prepare(platform: Songhua, console: Console) -> None:
    """Load the demo's sites, people and observations, once.

    With a playback the last day is left to virtual loggers, which then send it hour by hour.
    """
    if not _FOLDER.is_dir():
        raise BadInput(
            f"找不到示例数据 {_FOLDER}。请在源代码目录中运行 make demo。",
            f"No demo data at {_FOLDER}. Run make demo in a checkout.",
        )
    _make_logins()
    records.load_sites(_FOLDER / "sites.csv")
    known = sites().select("site", "name_zh").unique("site", maintain_order=True)
    links.register_devices(
        {"mn": mn_of(key), "name": name, "site_id": key, "password": PASSWORD}
        for key, name in known.rows()
    )
    for name in _FILES:
        path = _FOLDER / f"{name}.csv.gz"
        if name == _HOURS and settings.SONGHUA_PLAYBACK:
            path = without_last_day(path, settings.SONGHUA_HOME)
        order = ImportOrder(
            path=path,
            name=path.name,
            mapping=(_FOLDER / f"{name}.toml").read_text(encoding="utf-8"),
            author=_AUTHOR,
        )
        with progress(console) as report:
            result = platform.run_import(order, report)
        if not result.get("already"):
            show_import(console, order.name, result)
    if not FraudRun.objects.exists():
        platform.look_for_fraud(FraudOrder(PROVINCE, _AUTHOR))
    if settings.SONGHUA_PLAYBACK and platform.gateway is not None:
        platform.gateway.keeper.refresh()  # the loggers were registered a moment ago
        host, _ = read_address(settings.SONGHUA_GATEWAY, lowest=0)
        play(
            platform,
            _FOLDER / f"{_HOURS}.csv.gz",
            host="127.0.0.1" if host in _ALL else host,
            port=platform.gateway.port,
            seconds=settings.SONGHUA_PLAYBACK,
        )


def greet(host: str, port: int, console: Console) -> None:
    """Print the address and the sample logins."""
    shown = "localhost" if host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else host  # noqa: S104
    table = Table(title="示例账号 Sample logins", title_justify="left", box=None)
    for column in ("账号 name", "口令 password", "角色 role", "区域 region"):
        table.add_column(column)
    for login in logins():
        table.add_row(login["name"], login["password"], login["title"], login["region"])
    console.print(table)
    console.print(f"\n[bold]松花已启动 Songhua is running:  http://{shown}:{port}/[/bold]")
    console.print("Ctrl-C 停止 to stop. 数据为公开的真实观测 Real public observations.")


def logins() -> list[Mapping[str, Any]]:
    """Return the sample logins of this demo; their passwords were made at its first run."""
    path = settings.SONGHUA_HOME / "demo_logins.json"
    try:
        kept: list[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return kept


def _make_logins() -> None:
    if logins():
        return
    made = []
    for name, role, region, title in _LOGINS:
        password = secrets.token_urlsafe(9)
        records.add_user(name, role=role, region=region, password=password, title=title)
        made.append(
            {"name": name, "password": password, "role": role, "region": region, "title": title}
        )
    path = settings.SONGHUA_HOME / "demo_logins.json"
    path.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
    path.chmod(0o600)
