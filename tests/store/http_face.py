"""ClickHouse's HTTP protocol in front of chDB, for tests where no ClickHouse server can be had.

Run as ``python http_face.py FOLDER USER PASSWORD``; it prints the port it listens on. It speaks
what clickhouse-connect says: questions with bound parameters and settings, any FORMAT, compressed
bodies both ways, chunked uploads, errors with their codes.
"""

import base64
import gzip
import importlib
import json
import re
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import chdb

_OF_THE_TRANSPORT = {
    *("database", "query", "wait_end_of_query", "client_protocol_version", "session_id"),
    *("send_progress_in_http_headers", "http_headers_progress_interval_ms", "query_id"),
    *("enable_http_compression", "session_timeout", "compress", "decompress"),
}
_INSERT = re.compile(rb"\s*INSERT\s+INTO\s+(.+?)\s+FORMAT\s+(\w+)\s*$", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
_CODE = re.compile(r"Code: (\d+)\.")
_STATUS = {"60": 404, "81": 404, "497": 403, "516": 403}


class Face(BaseHTTPRequestHandler):
    """One request: one handle of the engine, so no state passes to the next."""

    protocol_version = "HTTP/1.1"
    folder: str
    login: str

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/ping":
            self._answer(200, b"Ok.\n")
            return
        self._run(b"")

    def do_POST(self) -> None:
        self._run(self._body())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _run(self, body: bytes) -> None:
        said = self.headers.get("Authorization", "")
        if said != f"Basic {self.login}":
            self._fail("Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)")
            return
        asked = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        engine = chdb.connect(self.folder)
        try:
            if "database" in asked:
                engine.query(f"USE `{asked['database']}`", "TabSeparated")
            for name, value in asked.items():
                if name not in _OF_THE_TRANSPORT and not name.startswith("param_"):
                    engine.query(f"SET {name} = '{value}'", "TabSeparated")
            params = {
                k.removeprefix("param_"): v for k, v in asked.items() if k.startswith("param_")
            }
            answer, form = _asked(engine, asked.get("query", "").encode(), body, params)
        except RuntimeError as fault:
            self._fail(str(fault))
            return
        finally:
            engine.close()
        self._answer(200, answer, form, squeeze="enable_http_compression" in asked)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            raw = b"".join(iter(self._chunk, b""))
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        match self.headers.get("Content-Encoding"):
            case "lz4":
                return bytes(importlib.import_module("lz4.frame").decompress(raw))
            case "zstd":  # what clickhouse-connect has depends on the Python
                return bytes(importlib.import_module("compression.zstd").decompress(raw))
            case "gzip":
                return gzip.decompress(raw)
        return raw

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline().split(b";")[0], 16)
        piece = self.rfile.read(size)
        self.rfile.readline()
        return piece

    def _fail(self, text: str) -> None:
        text = text[max(text.find("Code: "), 0) :]
        found = _CODE.search(text)
        code = found[1] if found else "1002"
        self._answer(_STATUS.get(code, 500), text.encode(), code=code)

    def _answer(
        self,
        status: int,
        body: bytes,
        form: str = "TabSeparated",
        *,
        code: str = "",
        squeeze: bool = False,
    ) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        if squeeze and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("X-ClickHouse-Format", form)
        self.send_header("X-ClickHouse-Timezone", "UTC")
        self.send_header("X-ClickHouse-Summary", json.dumps({"read_rows": "0"}))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _asked(engine: Any, query: bytes, body: bytes, params: dict[str, str]) -> tuple[bytes, str]:
    """Run a question, or an insert whose rows follow its first line."""
    first, _, rest = body.partition(b"\n")
    if found := _INSERT.match(query):
        return _insert(engine, found, body), "TabSeparated"
    if not query and (found := _INSERT.match(first)):
        return _insert(engine, found, rest), "TabSeparated"
    sql = (query + b"\n" + body if query else body).decode()
    named = _FORMAT.search(sql)
    form = named[1] if named else "TabSeparated"
    return engine.query(sql, form, params=params).bytes() or b"", form


def _insert(engine: Any, found: re.Match[bytes], rows: bytes) -> bytes:
    with tempfile.NamedTemporaryFile() as file:
        file.write(rows)
        file.flush()
        into, form = found[1].decode(), found[2].decode()
        engine.query(f"INSERT INTO {into} FROM INFILE '{file.name}' FORMAT {form}", "TabSeparated")
    return b""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main(folder: str, user: str, password: str) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    Face.folder = folder
    Face.login = base64.b64encode(f"{user}:{password}".encode()).decode()
    kept = chdb.connect(folder)  # the engine lives as long as the server
    server = Server(("127.0.0.1", 0), Face)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()  # until the test that started it goes away
    server.shutdown()
    kept.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
