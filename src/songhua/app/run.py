"""`songhua run`: everything in one process."""

import signal
import socket
import sys
import threading
from types import FrameType

from rich.console import Console

from songhua.model import BadInput

THREADS = 8


def check_port(host: str, port: int) -> None:
    """Raise `BadInput` when the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise BadInput(
                f"无法使用 {host}:{port}（{fault.strerror}）。请换一个端口，例如 PORT={port + 1}。",
                f"Cannot listen on {host}:{port} ({fault.strerror}). "
                f"Choose another port, for example PORT={port + 1}.",
            ) from fault


def serve(host: str, port: int, console: Console) -> None:
    """Serve the pages until Ctrl-C or SIGTERM."""
    import waitress
    from django.conf import settings

    from songhua.app.wsgi import application

    if host not in settings.ALLOWED_HOSTS:
        extra = ["*"] if host in {"0.0.0.0", "::"} else [host]  # noqa: S104 - the caller's choice
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *extra]
    server = waitress.create_server(
        application,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        channel_timeout=60,
        cleanup_interval=10,
        connection_limit=500,
        max_request_body_size=settings.SONGHUA_UPLOAD_BYTES + 1024 * 1024,
        clear_untrusted_proxy_headers=True,
    )

    def stop(_signal: int, _frame: FrameType | None) -> None:
        threading.Thread(target=server.close, daemon=True).start()
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        console.print("\n已停止。 Stopped.")
        sys.stdout.flush()
