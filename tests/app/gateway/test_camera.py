"""Photos from the camera beside a logger: asked for, kept, shown; what is none is refused."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
from django.test import Client

from songhua.app.gateway.camera import take_photo
from songhua.app.platform import Songhua
from songhua.model import BadInput
from songhua.store.registry import links
from songhua.store.registry.models import Command, Device
from tests.app.gateway.speaking import SITE
from tests.conftest import PASSWORD, data_of

MN = "010000A8900016F000169DC0"
JPEG = b"\xff\xd8\xff\xe0" + b"a view of the river" * 20
ANSWERS = {
    "/photo": (200, JPEG, {}),
    "/page": (200, b"<html>", {}),
    "/away": (302, b"", {"Location": "/photo"}),
    "/none": (404, b"", {}),
}


class Camera(BaseHTTPRequestHandler):
    heard: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.heard.append(self.headers["Authorization"])
        code, body, headers = ANSWERS[self.path]
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Be quiet."""


@pytest.fixture(scope="module")
def camera() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Camera)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_photo_is_fetched_with_its_header(camera: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_ONE", "Basic abc")
    assert take_photo(f"{camera}/photo", "CAMERA_ONE") == JPEG
    assert Camera.heard[-1] == "Basic abc"


@pytest.mark.parametrize("path", ["/page", "/away", "/none"])
def test_what_is_no_photo_is_refused(camera: str, path: str) -> None:
    with pytest.raises(BadInput):
        take_photo(f"{camera}{path}")


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://127.0.0.1/photo"])
def test_only_the_web_is_asked(url: str) -> None:
    with pytest.raises(BadInput, match="没有登记摄像头"):
        take_photo(url)


@pytest.mark.chdb
@pytest.mark.slow
def test_a_person_asks_and_sees_it(platform: Songhua, camera: str) -> None:
    links.register_devices([{"mn": MN, "name": "试", "site_id": SITE, "password": "x"}])
    Device.objects.filter(mn=MN).update(camera=f"{camera}/photo")
    client = Client()
    assert client.login(username="operator", password=PASSWORD)
    answer = client.post(f"/links/{MN}/look/", {"why": "水色异常"}, follow=True)
    asked = Command.objects.get(mn=MN)
    assert (asked.cn, asked.state, asked.author, asked.why) == (
        "photo",
        "done",
        "operator",
        "水色异常",
    )
    assert f"/links/requests/{asked.pk}/photo/" in answer.content.decode()
    photo = client.get(f"/links/requests/{asked.pk}/photo/")
    assert (photo.content, photo["Content-Type"]) == (JPEG, "image/jpeg")
    kinds = [entry.kind for entry in data_of(platform)]
    assert kinds[-2:] == ["photo_asked", "photo"]

    Device.objects.filter(mn=MN).update(camera=f"{camera}/none")
    failed = Command.objects.get(pk=platform.photo(MN, author="li", why=""))
    assert failed.state == "failed"
    assert "摄像头没有应答" in failed.steps[-1]["fault_zh"]
    assert client.get(f"/links/requests/{failed.pk}/photo/").status_code == 404

    viewer = Client()
    assert viewer.login(username="viewer", password=PASSWORD)
    assert viewer.post(f"/links/{MN}/look/").status_code == 403
