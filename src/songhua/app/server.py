"""The platform started: stores migrated and opened, work accepted, pages served."""

import getpass
import signal
import socket
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from rich.console import Console

from songhua.api import ports, record
from songhua.api.record import Deed
from songhua.app import control
from songhua.app.addresses import read_address
from songhua.app.audit.keeping import Keeping
from songhua.app.gateway.node import Node, NodeOrder
from songhua.app.nightly import Nightly, read_clock
from songhua.app.platform import Songhua
from songhua.app.run import serve
from songhua.app.version import code_version
from songhua.app.works import works
from songhua.model import BadInput
from songhua.standards import PROVINCE
from songhua.store.registry import records

_EVERY_NIGHT = ports.FraudOrder(region=PROVINCE, author="nightly")

Before = Callable[[Songhua, Console], None]
After = Callable[[str, int, Console], None]


def migrate_stores() -> None:
    """Create or upgrade the registry; the shelf migrates itself when it is opened."""
    settings.SONGHUA_HOME.mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0, interactive=False)
    records.seed()


def start_gateway(console: Console) -> None:
    """Listen to loggers until a signal comes; pages are served elsewhere."""
    wanted = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)  # before any thread begins
    migrate_stores()
    platform = Songhua.open()
    commands = control.ControlServer(settings.SONGHUA_HOME, works(platform))
    keeping = _keeping(platform)
    try:
        _listen(platform, console)
        platform.open_doors()
        signal.sigwait(wanted)
    finally:
        commands.close()
        keeping.stop()
        platform.close()
        console.print("已停止。 Stopped.")


def start_node(console: Console, order: NodeOrder) -> None:
    """Take in for a platform elsewhere until a signal comes, then drain."""
    wanted = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)  # before any thread begins
    settings.SONGHUA_HOME.mkdir(parents=True, exist_ok=True)
    node = Node.open(settings.SONGHUA_JOURNAL, order)
    try:
        console.print(f"网关节点已启动 Gateway node {order.name}: {order.listen[0]}:{node.port}")
        signal.sigwait(wanted)
    finally:
        node.close()
        console.print("已停止。 Stopped.")


def _keeping(platform: Songhua) -> Keeping:
    """Note that the platform was opened, and keep its record from now on."""
    opened = Deed(
        kind="platform", who=getpass.getuser(), address=socket.gethostname(), door="songhua run",
        outcome=200, token="", subject=code_version(),
    )  # fmt: skip
    platform.record.keep(opened)
    hours = settings.SONGHUA_CHECKPOINT_HOURS
    keeping = Keeping(platform.record, platform.checkpoint, hours=hours)
    keeping.start()
    return keeping


def _listen(platform: Songhua, console: Console) -> None:
    if settings.SONGHUA_GATEWAY:
        host, port = read_address(settings.SONGHUA_GATEWAY, lowest=0)
        at = platform.listen(host, port)
        console.print(f"网关已启动 The gateway listens (HJ 212): {host}:{at}")
    if settings.SONGHUA_NODES:
        host, port = read_address(settings.SONGHUA_NODES, lowest=0)
        at = platform.accept_nodes(host, port)
        console.print(f"接收网关节点 Gateway nodes are accepted: {host}:{at}")


def start(
    host: str,
    port: int,
    console: Console,
    *,
    before: Before | None = None,
    after: After | None = None,
) -> None:
    """Open the platform, do what comes before, and serve until it is stopped."""
    if control.is_running(settings.SONGHUA_HOME):
        raise BadInput(
            f"平台已在运行（{settings.SONGHUA_HOME}）。",
            f"The platform of {settings.SONGHUA_HOME} is running already.",
        )
    migrate_stores()
    platform = Songhua.open()
    commands = control.ControlServer(settings.SONGHUA_HOME, works(platform))
    ports.connect(platform)
    record.connect(platform.record)
    keeping = _keeping(platform)
    nightly = None
    try:
        _listen(platform, console)
        platform.open_doors()
        clock = read_clock(settings.SONGHUA_FRAUD_AT)
        if clock is not None:
            nightly = Nightly(clock, lambda: platform.look_for_fraud(_EVERY_NIGHT))
            nightly.start()
        if before is not None:
            before(platform, console)
        if after is not None:
            after(host, port, console)
        else:
            console.print(f"松花已启动 Songhua is running: http://{host}:{port}/   Ctrl-C 停止")
        serve(host, port, console)
    finally:
        if nightly is not None:
            nightly.stop()
        commands.close()
        keeping.stop()
        platform.close()
