"""Who may see and send files."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from songhua.store.registry.models import User
from songhua.store.registry.rights import Action

Rest = ParamSpec("Rest")
View = Callable[Concatenate[HttpRequest, Rest], HttpResponse]


def needs(action: Action) -> Callable[[View[Rest]], View[Rest]]:
    """Let a page be seen only by those whose role allows an action."""

    def guard(view: View[Rest]) -> View[Rest]:
        @wraps(view)
        def guarded(
            request: HttpRequest, /, *args: Rest.args, **kwargs: Rest.kwargs
        ) -> HttpResponse:
            user = request.user
            if not isinstance(user, User):
                return redirect_to_login(request.get_full_path())
            if not user.may(action):
                return render(request, "imports/refused.html", {"action": action}, status=403)
            return view(request, *args, **kwargs)

        return guarded

    return guard
