"""The work list: what is to be signed, analysed, calibrated."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from songhua.model import BEIJING
from songhua.standards.lab import method
from songhua.store.registry import batches, instruments, samples
from songhua.store.registry.models import Batch, User
from songhua.store.registry.rights import Action
from songhua.web.access import needs
from songhua.web.lab.asked import user_of

_MOST = 100


@require_GET
@needs(Action.SAMPLE)
def shown(request: HttpRequest) -> HttpResponse:
    """Show what waits, what is the person's to sign first."""
    user = user_of(request)
    today = timezone.now().astimezone(BEIJING).date()
    open_batches = list(
        batches.batches_of(user).exclude(state="issued").prefetch_related("signatures")[:_MOST]
    )
    standings = [
        instruments.standing(one, today)
        for one in instruments.instruments_of(user).filter(active=True)
    ]
    waiting = batches.waiting_samples(samples.samples_of(user), most=_MOST)
    page = {
        "mine": [_row(one) for one in open_batches if _may_sign(one, user)],
        "others": [_row(one) for one in open_batches if not _may_sign(one, user)],
        "waiting": waiting,
        "on_the_way": _on_the_way(user),
        "due": [one for one in standings if one.state != "good"],
        "may_analyse": user.may(Action.ANALYSE),
    }
    return render(request, "lab/work.html", page)


def _row(batch: Batch) -> Mapping[str, Any]:
    return {"batch": batch, "method": method(batch.method), "level": batches.level_due(batch)}


def _may_sign(batch: Batch, user: User) -> bool:
    level, name = batches.level_due(batch), user.get_username()
    signed = {one.who for one in batch.signatures.all() if one.round == batch.round}
    if level == 1:
        return batch.analyst == name
    right = Action.ISSUE if level == 3 else Action.ANALYSE
    return user.may(right) and name not in signed and name != batch.analyst


def _on_the_way(user: User) -> list[Any]:
    """Return samples that were taken and have not reached the laboratory."""
    every = samples.samples_of(user).prefetch_related("steps")[:_MOST]
    told = [(one, [step.what for step in one.steps.all()]) for one in every]
    return [
        one
        for one, steps in told
        if "received" not in steps and steps and steps[-1] not in ("refused", "discarded")
    ]
