"""What every request meets first: limits, headers, and the door."""

import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse

_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # maps and charts place their parts by style attributes
        "img-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
_OPEN = ("/login/", "/logout/", "/static/", "/language/", "/health", "/favicon.ico", "/levels.css")

_BEARERS = "/api/v1/observations"
"""Where sources come with a token of their own: the API asks for it."""

Next = Callable[[HttpRequest], HttpResponse]


class Guard:
    """Limit the rate of each address and send the security headers.

    A token bucket an address: `RATE` requests a second, bursts up to `BURST`;
    log-ins and other writes cost ten tokens. Static files are free.
    """

    RATE = 40.0
    BURST = 400.0
    WRITE_COST = 10.0
    MOST_ADDRESSES = 50_000

    def __init__(self, get_response: Next) -> None:
        self._next = get_response
        self._buckets: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 429 when the address is too fast, else pass on."""
        if not request.path.startswith("/static/") and not self._take(request):
            response: HttpResponse = JsonResponse(
                {
                    "zh": "请求太频繁，请稍后再试。",
                    "en": "Too many requests. Try again in a moment.",
                },
                status=429,
                headers={"Retry-After": "5"},
            )
        else:
            response = self._next(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        response.headers.setdefault(
            "Permissions-Policy", "geolocation=(), camera=(), microphone=()"
        )
        return response

    def _take(self, request: HttpRequest) -> bool:
        cost = self.WRITE_COST if request.method not in {"GET", "HEAD", "OPTIONS"} else 1.0
        address = request.META.get("REMOTE_ADDR", "")
        now = time.monotonic()
        with self._lock:
            if len(self._buckets) > self.MOST_ADDRESSES:
                self._buckets.clear()
            tokens, before = self._buckets.get(address, (self.BURST, now))
            tokens = min(self.BURST, tokens + (now - before) * self.RATE)
            allowed = tokens >= cost
            self._buckets[address] = (tokens - cost if allowed else tokens, now)
        return allowed


class Door:
    """Let people in who are known, or readers where reading is open; nobody else."""

    def __init__(self, get_response: Next) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Send a stranger to the log-in page, or answer 401 at the API."""
        if request.user.is_authenticated or request.path.startswith((*_OPEN, _BEARERS)):
            return self._next(request)
        reads = request.method in {"GET", "HEAD", "OPTIONS"}
        if settings.SONGHUA_OPEN_READING and reads and not request.path.startswith("/admin/"):
            return self._next(request)
        if request.path.startswith("/api/"):
            return JsonResponse({"zh": "请先登录。", "en": "Log in first."}, status=401)
        return redirect_to_login(request.get_full_path())
