"""Django's settings, read from the environment. See `docs/operation.md` for the list.

Two settings choose the stores: ``SONGHUA_OBSERVATIONS`` and ``SONGHUA_DATABASE``.
"""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _


def _flag(name: str) -> bool:
    """Return whether an environment switch is on."""
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


SONGHUA_HOME = Path(os.environ.get("SONGHUA_HOME", "var")).resolve()
SONGHUA_OBSERVATIONS = os.environ.get(
    "SONGHUA_OBSERVATIONS", f"chdb://{SONGHUA_HOME / 'observations'}"
)
SONGHUA_DATABASE = os.environ.get(
    "SONGHUA_DATABASE", f"sqlite:///{SONGHUA_HOME / 'registry.sqlite3'}"
)
SONGHUA_JOURNAL = Path(os.environ.get("SONGHUA_JOURNAL", str(SONGHUA_HOME / "journal")))
SONGHUA_JOURNAL_HASH = os.environ.get("SONGHUA_JOURNAL_HASH", "sha256")
"""``sha256`` or ``sm3``: what new segments of the journal are chained with."""
SONGHUA_CHECKPOINT_HOURS = float(os.environ.get("SONGHUA_CHECKPOINT_HOURS", "24"))
"""How often the running platform signs a checkpoint of its record; 0 for never. [h]"""
SONGHUA_GATEWAY = os.environ.get("SONGHUA_GATEWAY", "")
"""Where loggers connect, ``HOST:PORT``; empty for no gateway."""
SONGHUA_GATEWAY_PER_ADDRESS = int(os.environ.get("SONGHUA_GATEWAY_PER_ADDRESS", "20000"))
"""Most connections from one address; behind a balancer all loggers share one."""
SONGHUA_GATEWAY_CERTIFICATE = os.environ.get("SONGHUA_GATEWAY_CERTIFICATE", "")
SONGHUA_GATEWAY_KEY = os.environ.get("SONGHUA_GATEWAY_KEY", "")
"""PEM files; with both the gateway speaks TLS."""
SONGHUA_CHECKS = os.environ.get("SONGHUA_CHECKS", "")
"""Configuration of the quality checks (TOML); empty for the default one."""
SONGHUA_FRAUD_AT = os.environ.get("SONGHUA_FRAUD_AT", "02:30")
"""When the detectors of fraud run each night, Beijing time; empty for never."""
SONGHUA_PROXY_FROM = os.environ.get("SONGHUA_PROXY_FROM", "")
"""Balancers, as addresses or networks: they begin a connection with a PROXY header."""
SONGHUA_NODES = os.environ.get("SONGHUA_NODES", "")
"""Where gateway nodes bring their copies, ``HOST:PORT``; empty for none."""
SONGHUA_NODE_SECRET = os.environ.get("SONGHUA_NODE_SECRET", "")
SONGHUA_NODE_SECRET_FILE = os.environ.get("SONGHUA_NODE_SECRET_FILE", "")
SONGHUA_NODES_CERTIFICATE = os.environ.get("SONGHUA_NODES_CERTIFICATE", "")
SONGHUA_NODES_KEY = os.environ.get("SONGHUA_NODES_KEY", "")
SONGHUA_NODES_CA = os.environ.get("SONGHUA_NODES_CA", "")
"""PEM files: with the first two nodes are listened to over TLS, with the last they speak it."""
SONGHUA_DEMO = _flag("SONGHUA_DEMO")
SONGHUA_PLAYBACK = float(os.environ.get("SONGHUA_PLAYBACK", "0"))
"""Of a demo: how long an hour of its last day takes, sent by virtual loggers; 0 for none. [s]"""
SONGHUA_OPEN_READING = _flag("SONGHUA_OPEN_READING")
SONGHUA_UPLOAD_BYTES = int(os.environ.get("SONGHUA_UPLOAD_BYTES", str(512 * 1024 * 1024)))
"""Largest file that the upload page and API accept. [bytes]"""


def _secret_key() -> str:
    """Return the signing key: from the environment, or kept in the platform's home."""
    if key := os.environ.get("SONGHUA_SECRET_KEY"):
        return key
    path = SONGHUA_HOME / "secret_key"
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        key = get_random_secret_key()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
        return key


def _database(url: str) -> dict[str, object]:
    """Return Django's description of the database that a URL names."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path.removeprefix("/") if parts.path.startswith("//") else parts.path,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                    " PRAGMA foreign_keys=ON; PRAGMA busy_timeout=20000;"
                ),
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": parts.port or "",
            "CONN_MAX_AGE": 60,
            "OPTIONS": {"connect_timeout": 5},
        }
    raise ValueError(f"SONGHUA_DATABASE must be sqlite:///… or postgres://…, not {parts.scheme}://")


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("SONGHUA_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("SONGHUA_ORIGINS", "").split(",") if o]
ROOT_URLCONF = "songhua.app.urls"
WSGI_APPLICATION = "songhua.app.wsgi.application"
AUTH_USER_MODEL = "registry.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "songhua.web",  # before the admin: its templates and words come first
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "songhua.store.registry",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "songhua.web.middleware.Guard",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "songhua.web.record.recorder.Recorder",
    "songhua.web.middleware.Door",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "songhua.web.context.page",
            ],
        },
    }
]
DATABASES = {"default": _database(SONGHUA_DATABASE)}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("中文")), ("en", _("English"))]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 0  # names carry no version: browsers ask whether a file has changed

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if _flag("SONGHUA_HTTPS"):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": os.environ.get("SONGHUA_LOG", "WARNING")},
}
