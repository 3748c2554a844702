"""Links: who sees which logger, what was set aside, and what a frame says."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from songhua.api import ports
from songhua.model import BadInput
from songhua.store.registry import links, records
from songhua.store.registry.models import Device, LinkState, SetAside, User
from songhua.web.links.meaning import told
from tests.web.conftest import PASSWORD

FRAME = (
    b"##0136QN=20160801085857223;ST=22;CN=2061;PW=123456;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&DataTime=20160801080000;a34004-Avg=35,a34004-Flag=N&&"
)
HERE, THERE, STRANGER = "0" * 23 + "1", "0" * 23 + "2", "0" * 23 + "3"


class Desk(ports.Platform):
    """Releases what it is told, but for one that the register still does not know."""

    def __init__(self) -> None:
        self.released: list[tuple[int, str]] = []

    def nodes(self) -> list[ports.NodeState]:
        since = timezone.now() - timedelta(hours=3)
        return [ports.NodeState("east-1", "10.0.0.7", since, 4321, 12, frozenset({HERE}))]

    def release(self, aside_id: int, who: str) -> None:
        row = SetAside.objects.get(pk=aside_id)
        if row.mn == STRANGER:
            raise BadInput("仍不能放行：MN 未登记。", "It cannot be released yet.")
        self.released.append((aside_id, who))
        links.mark_released(links.parts_aside(aside_id), who)

    def release_all(self, mn: str, who: str) -> tuple[int, int]:
        self.released.append((0, who))
        places = links.places_aside(mn, most=10)
        links.mark_released(places, who)
        return len(places), 0

    def frame(self, aside_id: int) -> bytes | None:
        del aside_id
        return FRAME


@pytest.fixture(scope="module")
def people(registry: None) -> Iterator[None]:
    now = timezone.now()
    names = {"keeper": ("administrator", "220000"), "local": ("operator", "220100")}
    for name, (role, region) in names.items():
        records.add_user(name, role=role, region=region, password=PASSWORD)
    records.add_user("reader", role="viewer", region="220000", password=PASSWORD)
    links.register_devices(
        [
            {"mn": HERE, "name": "甲站", "site_id": "1121A"},
            {"mn": THERE, "name": "乙站", "site_id": "1772A"},
        ]
    )
    for mn, late in ((HERE, 0), (THERE, 30), (STRANGER, 0)):
        LinkState.objects.create(
            mn=mn, address="10.0.0.7", first_seen=now, last_seen=now - timedelta(minutes=late)
        )
        SetAside.objects.create(
            journal_seq=1, place=len(mn) + int(mn), mn=mn, cn="2061", address="10.0.0.7",
            reason="wrong_password", detail_zh="访问密码不符", detail_en="wrong password",
            raw="##0136QN=1;PW=***;", received_at=now,
        )  # fmt: skip
    yield
    SetAside.objects.all().delete()
    LinkState.objects.all().delete()
    Device.objects.all().delete()
    User.objects.filter(username__in=["keeper", "local", "reader"]).delete()


@pytest.fixture
def desk(people: None) -> Iterator[Desk]:
    made = Desk()
    ports.connect(made)
    with override_settings(ALLOWED_HOSTS=["testserver"]):
        yield made
    ports.connect(None)


def as_person(name: str, language: str = "zh-CN") -> Client:
    client = Client(headers={"accept-language": language})
    assert client.login(username=name, password=PASSWORD)
    return client


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def test_people_of_the_province_see_every_link_and_strangers_first(desk: Desk) -> None:
    page = text(as_person("keeper"), "/links/")
    assert page.index(STRANGER) < page.index(THERE) < page.index(HERE)  # unknown, late, online
    assert "未登记" in page
    only = text(as_person("keeper"), "/links/?state=late")
    assert THERE in only
    assert HERE not in only
    assert "not registered" in text(as_person("keeper", "en"), "/links/")


def test_people_of_a_city_see_their_own(desk: Desk) -> None:
    local = as_person("local")
    for path in ("/links/", "/links/aside/"):
        page = text(local, path)
        assert HERE in page
        assert THERE not in page
        assert STRANGER not in page
    assert "放行</button>" not in text(local, "/links/aside/")


def test_a_viewer_sees_no_links(desk: Desk) -> None:
    for path in ("/links/", "/links/aside/", "/links/console/"):
        text(as_person("reader"), path, 403)


def test_an_administrator_releases_and_is_told_what_stands_against_it(desk: Desk) -> None:
    keeper = as_person("keeper")
    good, bad = SetAside.objects.get(mn=THERE), SetAside.objects.get(mn=STRANGER)
    answer = keeper.post(f"/links/aside/{good.pk}/release/", headers={"HX-Request": "true"})
    assert "keeper" in answer.content.decode()
    assert desk.released == [(good.pk, "keeper")]
    refused = keeper.post(f"/links/aside/{bad.pk}/release/", headers={"HX-Request": "true"})
    assert "仍不能放行" in refused.content.decode()
    assert keeper.post("/links/aside/999999/release/").status_code in (302, 404)


def test_all_frames_of_a_logger_are_released_at_once(desk: Desk) -> None:
    keeper = as_person("keeper")
    assert "放行这台的全部" not in text(keeper, "/links/aside/")
    assert "放行这台的全部" in text(keeper, f"/links/aside/?mn={HERE}")
    answer = keeper.post("/links/aside/release/", {"mn": HERE}, follow=True)
    assert "已放行 1 条，仍隔离 0 条。" in answer.content.decode()
    assert desk.released == [(0, "keeper")]
    assert as_person("local").post("/links/aside/release/", {"mn": HERE}).status_code == 403
    assert "放行这台的全部" not in text(as_person("local"), f"/links/aside/?mn={HERE}")


def test_others_may_not_release(desk: Desk) -> None:
    row = SetAside.objects.get(mn=HERE)
    assert as_person("local").post(f"/links/aside/{row.pk}/release/").status_code == 403
    assert not desk.released


def test_a_frame_is_read_side_by_side_with_its_meaning(desk: Desk) -> None:
    from songhua.ingest.hj212 import crc16

    segment = FRAME[6:]
    whole = b"##%04d%b%04X\r\n" % (len(segment), segment, crc16(segment))
    page = as_person("local").post("/links/console/", {"text": whole.decode()})
    shown = page.content.decode()
    assert "PM₂.₅" in shown
    assert "123456" not in shown.split("</textarea>")[1]
    assert "系统编码" in shown
    (one,) = told(whole)
    assert one.values == (("PM₂.₅", "hour", "35", "N"),) or one.values[0][:3] == (
        "PM₂.₅",
        "hour",
        "35",
    )
    (bad,) = told(b"noise\r\n")
    assert bad.fault_zh == "不属于任何报文"


def test_nodes_are_shown_to_people_of_the_province(desk: Desk) -> None:
    page = text(as_person("keeper"), "/links/nodes/")
    assert "east-1" in page
    assert "4,321" in page
    assert "Gateway nodes" in text(as_person("keeper", "en"), "/links/nodes/")
    assert "经节点 east-1" in " ".join(text(as_person("keeper"), "/links/").split()).replace(
        "</span>", ""
    )
    text(as_person("local"), "/links/nodes/", status=403)
    text(as_person("reader"), "/links/nodes/", status=403)
    assert "/links/nodes/" not in text(as_person("local"), "/links/")
