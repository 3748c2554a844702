"""`songhua run`, `demo`, `migrate`, `doctor`, `user`: the platform itself."""

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from songhua.model import BadInput

console = Console(highlight=False, soft_wrap=True)
user_app = typer.Typer(no_args_is_help=True, help="用户。 Users.")

Host = Annotated[str, typer.Option(help="监听地址 Address to listen on.")]
Listen = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="数采仪连到这里（HJ 212）Where loggers connect.")
]
Nodes = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="网关节点连到这里 Where gateway nodes connect.")
]
Port = Annotated[int, typer.Option(help="端口 Port.", min=1, max=65535)]


def add_to(app: typer.Typer) -> None:
    """Hang these commands on the root."""
    app.command("run")(run)
    app.command("gateway")(gateway)
    app.command("devices")(devices)
    app.command("request")(request)
    app.command("demo")(demo)
    app.command("migrate")(migrate)
    app.command("doctor")(doctor)
    app.command("replay")(replay)
    app.add_typer(user_app, name="user")


def run(
    *, host: Host = "127.0.0.1", port: Port = 8000, gateway: Listen = "", nodes: Nodes = ""
) -> None:
    """启动平台：页面、接口与全部工作在一个进程里。 Start the platform in one process."""
    from songhua.app.run import check_port
    from songhua.app.wiring import set_up

    check_port(host, port)
    if gateway:
        os.environ["SONGHUA_GATEWAY"] = gateway
    if nodes:
        os.environ["SONGHUA_NODES"] = nodes
    set_up()
    from songhua.app.server import start

    start(host, port, console)


def gateway(
    *,
    listen: Listen = "0.0.0.0:9212",
    nodes: Nodes = "",
    node: Annotated[
        str, typer.Option(metavar="NAME", help="作为节点运行 Run as a node of this name.")
    ] = "",
    platform: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="平台接收节点之处 Where the platform is.")
    ] = "",
    copy: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST:PORT", help="平台不在时副本存放处 Mates that hold copies."),
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="没有副本也应答 Answer also without a copy.")
    ] = False,
    proxy_protocol: Annotated[
        str, typer.Option(metavar="CIDR,…", help="均衡器地址，发送 PROXY 头 Trusted balancers.")
    ] = "",
) -> None:
    """只启动网关：数采仪 → 日志 → 观测；或一个节点。 The gateway alone, or a node of several."""
    if bool(node) != bool(platform):
        raise BadInput("节点需要 --node 与 --platform。", "A node needs --node and --platform.")
    os.environ["SONGHUA_GATEWAY"] = listen
    if nodes:
        os.environ["SONGHUA_NODES"] = nodes
    if proxy_protocol:
        os.environ["SONGHUA_PROXY_FROM"] = proxy_protocol
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.server import start_gateway, start_node

    if not node:
        start_gateway(console)
        return
    from songhua.app.nodes import order_of

    start_node(console, order_of(node, platform, copy or [], alone=alone))


def devices(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV：mn,name,site,password …")],
) -> None:
    """登记数采仪；已登记的不变。 Register loggers; those registered stay as they are."""
    path = need_file(file)
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask

    found = ask("devices", {"path": str(path), "name": path.name})
    console.print(f"登记 {found['loggers']} 台数采仪。 Loggers registered.")


def request(
    mn: Annotated[str, typer.Argument(help="数采仪 MN The logger.")],
    cn: Annotated[str, typer.Argument(help="命令编码，如 1011、2061 Command number.")],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE…", help="参数 Fields of CP.")
    ] = None,
    *,
    why: Annotated[str, typer.Option(help="缘由，记录在案 Why; kept on record.")] = "",
    author: Annotated[str, typer.Option(help="经手人 Who asks.")] = "",
    seconds: Annotated[float, typer.Option(help="最多等多久 How long to wait.")] = 120.0,
) -> None:
    """向数采仪发命令（HJ 212），等它执行完；平台须在运行。 Send a request to a logger."""
    asked = dict(one.split("=", 1) for one in values or () if "=" in one)
    if len(asked) != len(values or ()):
        raise BadInput("参数写作 名称=值。", "Write fields as NAME=VALUE.")
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask

    args = {"mn": mn, "cn": cn, "values": asked, "why": why, "seconds": seconds}
    result = ask("request", {**args, "author": author or getpass.getuser()})
    for step in result["steps"]:
        code = f" {step['code']}" if "code" in step else ""
        console.print(f"  [dim]{step['at'][11:23]}[/dim] {step['what']}{code}")
    console.print(f"{result['state_zh']} {result['state']}（数据 data {result['data']}）")
    if result["state"] not in {"done", "nothing"}:
        raise typer.Exit(1)


def demo(
    *,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    playback: Annotated[
        float,
        typer.Option(help="最后一天逐小时回放，每小时多少秒；0 为不回放 Seconds an hour.", min=0),
    ] = 20.0,
) -> None:
    """装入真实数据并打开平台；最后一天由虚拟数采仪经网关回放。 Real observations, played back."""
    from songhua.app.run import check_port

    check_port(host, port)
    os.environ.setdefault("SONGHUA_HOME", str(Path("var") / "demo"))
    os.environ["SONGHUA_DEMO"] = "1"
    os.environ.setdefault("SONGHUA_OPEN_READING", "1")
    os.environ.setdefault("SONGHUA_GATEWAY", f"{host}:0")
    os.environ.setdefault("SONGHUA_PLAYBACK", str(playback))
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app import demo as the_demo
    from songhua.app.server import start

    start(host, port, console, before=the_demo.prepare, after=the_demo.greet)


def migrate() -> None:
    """建立或升级登记簿与观测库；可重复执行。 Create or upgrade both stores; safe to repeat."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.server import migrate_stores

    migrate_stores()
    console.print("两个库已是最新。 Both stores are up to date.")


def doctor() -> None:
    """配置了什么、能否连通、存了多少。 What is configured, reachable, and how full."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask

    marks = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}
    findings: list[dict[str, Any]] = ask("doctor", {})["findings"]
    for finding in findings:
        console.print(f"{marks[finding['state']]} {finding['zh']}\n  [dim]{finding['en']}[/dim]")
    if any(finding["state"] == "fail" for finding in findings):
        raise typer.Exit(1)


def replay() -> None:
    """重放日志：观测与结果由原始字节重建，当前值不变。 Apply the whole journal again."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask
    from songhua.app.progress import progress

    with progress(console) as report:
        result = ask("replay", {}, report)
    console.print(f"重放 {result['entries']} 条日志。 Replayed {result['entries']} entries.")


@user_app.callback()
def user_root() -> None:
    """People who may log in."""


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="登录名 Login name.")],
    *,
    role: Annotated[
        str, typer.Option(help="viewer | operator | analyst | signatory | leader | administrator")
    ],
    region: Annotated[str, typer.Option(help="行政区划代码 Region code.")] = "220000",
) -> None:
    """新增用户，口令从终端或标准输入读取。 Add a user; the password is asked for."""
    from songhua.app.wiring import set_up

    set_up()
    from songhua.app.ask import ask

    secret = getpass.getpass("口令 Password: ") if sys.stdin.isatty() else sys.stdin.readline()
    ask("user", {"name": name, "role": role, "region": region, "password": secret.strip()})
    console.print(f"已新增 {name}。 Added.")


def need_file(path: Path) -> Path:
    """Return the path when it is a readable file; raise `BadInput` when not."""
    if not path.is_file():
        raise BadInput(f"没有这个文件：{path}。", f"No such file: {path}.")
    return path.resolve()
