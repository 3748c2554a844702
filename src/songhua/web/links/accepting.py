"""A logger that wants to be registered (HJ 212—2025, 1001) is accepted by a person."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from songhua.api import ports
from songhua.ingest.hj212 import Decoder, Frame
from songhua.ingest.hj212.registering import hardware_of
from songhua.model import BadInput
from songhua.store.registry import links
from songhua.store.registry.models import Device, SetAside, Site, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs

_PROVINCE = "220000"
_MN = re.compile(r"[0-9A-Fa-f]{24}")


@require_POST
@needs(Action.MANAGE)
def accept(request: HttpRequest, aside_id: int) -> HttpResponse:
    """Register the logger with the identity and password that it says, and let its frames in."""
    user = request.user
    row = SetAside.objects.filter(pk=aside_id, reason="wants_to_register").first()
    if row is None or not isinstance(user, User) or not user.covers(_PROVINCE):
        raise Http404
    try:
        said = _accepted(row, request.POST.get("site", "").strip(), user.get_username())
    except BadInput as fault:
        return render(request, "links/request_fault.html", {"fault": fault}, status=400)
    return redirect(f"{reverse('links:aside')}?{urlencode({'mn': row.mn, 'said': said})}")


def _accepted(row: SetAside, site: str, who: str) -> str:
    frame = _frame(row.pk)
    hardware = hardware_of(frame)
    if hardware is None or not _MN.fullmatch(frame.mn):
        raise BadInput(
            f"MN 须为 24 位十六进制：{frame.mn[:40]}。",
            f"The MN must have 24 hexadecimal digits: {frame.mn[:40]}.",
        )
    if site and not Site.objects.filter(pk=site).exists():
        raise BadInput(f"没有这个点位：{site[:40]}。", f"There is no such site: {site[:40]}.")
    if not Device.objects.filter(mn=frame.mn).exists():
        name = hardware.logger[:40] or frame.mn
        note = " ".join(filter(None, (f"{who} 接受登记", hardware.cpu, *hardware.macs)))[:500]
        device = {"mn": frame.mn, "name": name, "site_id": site or None, "edition": 2025}
        links.register_devices([{**device, "password": frame.pw[:24], "note": note}])
    released, left = ports.platform().release_all(frame.mn, who)
    told = {"mn": frame.mn, "released": released, "left": left}
    return _("已登记 %(mn)s；放行 %(released)d 条，仍隔离 %(left)d 条。") % told


def _frame(aside_id: int) -> Frame:
    data = ports.platform().frame(aside_id) or b""
    found = [one for one in Decoder().feed(data) if isinstance(one, Frame)]
    if not found:
        raise BadInput("没有这条报文。", "There is no such frame.")
    return found[0]
