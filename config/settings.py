"""All settings, read once from the environment; a bad value stops the start with its name.

Secrets may also come from a file named by ``<NAME>_FILE``.
"""

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlparse

import oscar
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from oscar.defaults import *  # noqa: F403

from config import embedded, secrets

BASE_DIR = Path(__file__).resolve().parent.parent


def env_text(name: str, default: str = "") -> str:
    """The value of an environment variable, or of the file that ``<name>_FILE`` names."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def env_bool(name: str, *, default: bool) -> bool:
    value = env_text(name, "1" if default else "0").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def env_int(name: str, default: int) -> int:
    value = env_text(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from None


def env_share(name: str, default: str) -> float:
    """A number from 0 to 1."""
    value = env_text(name, default)
    try:
        share = float(value)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ImproperlyConfigured(f"{name} must be a number from 0 to 1, not {value!r}")
    return share


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


# --- Where and what -------------------------------------------------------------------

PORTAL_STATE = Path(env_text("PORTAL_STATE", str(BASE_DIR / ".state"))).resolve()
PORT = env_int("PORT", 8000)
DEMO = env_bool("DEMO", default=True)
DEMO_PRODUCTS = env_int("DEMO_PRODUCTS", 0)
DEBUG = env_bool("DEBUG", default=False)
RELEASE = env_text("RELEASE", "0.1.0")
PORTAL_URL = env_text("PORTAL_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
HTTPS = PORTAL_URL.startswith("https://")

# Keys live outside the database and its backups; made once per state folder for `make run`.
_keys = secrets.load(PORTAL_STATE)
SECRET_KEY = env_text("SECRET_KEY") or _keys["secret_key"]
FIELD_KEYS = env_text("FIELD_KEYS") or _keys["field_keys"]
BLIND_INDEX_KEY = env_text("BLIND_INDEX_KEY") or _keys["blind_index_key"]

# How many proxies of ours stand in front; so many X-Forwarded-For entries and their X-Request-ID are believed.
PROXIES = env_int("PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = PROXIES > 0
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", PORTAL_URL)

# --- Applications ---------------------------------------------------------------------

INSTALLED_APPS = [
    "modeltranslation",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_structlog",
    "treebeard",
    "marketplace.apps.MarketplaceConfig",  # before allauth: its account pages are ours
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "oscar.apps.address.apps.AddressConfig",
    "catalog.apps.CatalogConfig",
    "suppliers.apps.SuppliersConfig",
    "orders.apps.OrdersConfig",
    "complaints.apps.ComplaintsConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "marketplace.metrics.MetricsMiddleware",
    "marketplace.waiting_room.WaitingRoomMiddleware",
    "marketplace.shared_pages.SharedPagesMiddleware",
    "marketplace.middleware.CompressionMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "marketplace.middleware.LanguageMiddleware",
    "marketplace.middleware.SoundRequestMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "marketplace.session_store.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "marketplace.replica.WroteMiddleware",
    "marketplace.middleware.RequestContextMiddleware",
    "marketplace.middleware.PolicyMiddleware",
    "marketplace.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "marketplace.User"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "marketplace.context.portal",
            ],
            "builtins": ["django.templatetags.i18n", "marketplace.templatetags.portal"],
            "libraries": {"currency_filters": "oscar.templatetags.currency_filters"},
        },
    }
]
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- PostgreSQL: the only source of truth ------------------------------------------------

DATABASE_URL = env_text("DATABASE_URL") or embedded.service_urls(PORTAL_STATE).database_url
_db_options: dict[str, object] = {
    "connect_timeout": 2,
    # The ladder: client 20 s > proxy 15 s > application 10 s > statement 3 s > lock 1 s.
    "options": " ".join(
        f"-c {name}={env_int(variable, default)}"
        for name, variable, default in (
            ("statement_timeout", "STATEMENT_TIMEOUT_MS", 3000),
            ("lock_timeout", "LOCK_TIMEOUT_MS", 1000),
            ("idle_in_transaction_session_timeout", "IDLE_TIMEOUT_MS", 10000),
            # A helper process costs ten milliseconds before it helps, and takes a processor from somebody's page.
            ("max_parallel_workers_per_gather", "PARALLEL_WORKERS", 0),
        )
    ),
}


def _database(url: str) -> dict[str, object]:
    parts = urlparse(url)
    return {
        "ENGINE": "marketplace.quick_postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": _db_options | dict(parse_qsl(parts.query)),  # of libpq: sslmode, sslrootcert
    }


DATABASES = {"default": _database(DATABASE_URL)}

# A streaming copy that may answer reports and open data (marketplace/replica.py); none without the address.
REPLICA_URL = env_text("REPLICA_URL")
if REPLICA_URL:
    DATABASES["replica"] = _database(REPLICA_URL) | {"TEST": {"MIRROR": "default"}}
    DATABASE_ROUTERS = ["marketplace.replica.Router"]

# --- Valkey: broker and cache, never a source of truth -----------------------------------

REDIS_URL = env_text("REDIS_URL") or embedded.service_urls(PORTAL_STATE).redis_url
_redis_limits = {"socket_timeout": 0.3, "socket_connect_timeout": 0.3, "retry": None}
CACHES = {
    "default": {
        "BACKEND": "marketplace.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "tirek",
        "OPTIONS": _redis_limits,
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 5,
    "socket_connect_timeout": 0.5,
    "visibility_timeout": 600,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Every job is a sweep that is safe to run twice: two beats, or none for an hour, do no harm.
CELERY_BEAT_SCHEDULE = {
    # complaints/tasks.py: every deadline that is due, once (the command run_clock is its twin)
    "run-clock": {"task": "complaints.tasks.run_clock", "schedule": timedelta(minutes=1)},
    # complaints/tasks.py: the newest events into the facts of the reports, which are right without it but slower
    "report-facts": {"task": "complaints.tasks.report_facts", "schedule": timedelta(minutes=5)},
    # marketplace/tasks.py: outbox rows that were handed on but never finished
    "requeue-outbox": {"task": "marketplace.tasks.requeue_outbox", "schedule": timedelta(minutes=1)},
    # marketplace/tasks.py: minutes in which a part of the portal did not work, for the status page
    "watch-health": {"task": "marketplace.tasks.watch_health", "schedule": timedelta(minutes=1)},
    # marketplace/tasks.py: files that came while the scanner was away
    "look-at-held-files": {"task": "marketplace.tasks.look_at_held_files", "schedule": timedelta(minutes=1)},
    # suppliers/tasks.py: offers whose stock nobody confirmed in time
    "hide-stale-offers": {"task": "suppliers.tasks.hide_stale_offers", "schedule": timedelta(hours=1)},
    # suppliers/tasks.py: suppliers whose stock soon counts as stale; at 09:30 in Kazakhstan, because they are messages
    "remind-of-stock": {"task": "suppliers.tasks.remind_of_stock", "schedule": crontab(hour="4", minute="30")},
    # suppliers/tasks.py: complaints weigh less in the ranking as they grow old; counted by days
    "fade-complaints": {"task": "suppliers.tasks.fade_complaints", "schedule": timedelta(hours=1)},
    # suppliers/tasks.py: choice and prices of kinds whose offers changed; one query when nothing did
    "count-market": {"task": "suppliers.tasks.count_market", "schedule": timedelta(seconds=30)},
    # suppliers/tasks.py: needs that something new on the market meets
    "look-at-needs": {"task": "suppliers.tasks.look_at_needs", "schedule": timedelta(minutes=10)},
    # suppliers/tasks.py: choice and prices of all kinds; 04:00 in Kazakhstan
    "watch-market": {"task": "suppliers.tasks.watch_market", "schedule": crontab(hour="23", minute="0")},
    # suppliers/tasks.py: signals that suppliers act together; 04:30 in Kazakhstan
    "look-for-signals": {"task": "suppliers.tasks.look_for_signals", "schedule": crontab(hour="23", minute="30")},
    # suppliers/tasks.py: invitations where too few sell; at 10:00 in Kazakhstan, because they are messages
    "invite-suppliers": {"task": "suppliers.tasks.invite_suppliers", "schedule": crontab(hour="5", minute="0")},
    # catalog/tasks.py: what the search indexes owe, and indexes that are missing, broken or of an earlier release
    "keep-search": {"task": "catalog.tasks.keep_search", "schedule": timedelta(seconds=15)},
    # marketplace/tasks.py: audit seal of yesterday, expired rows; 03:30 in Kazakhstan
    "tidy-up": {"task": "marketplace.tasks.tidy_up", "schedule": crontab(hour="22", minute="30")},
    # marketplace/tasks.py: drafts that nobody touched; at 09:00 in Kazakhstan, because its reminders are messages
    "keep-drafts": {"task": "marketplace.tasks.keep_drafts", "schedule": crontab(hour="4", minute="0")},
}

ELASTICSEARCH_URL = env_text("ELASTICSEARCH_URL")
SEARCH_INDEX_DIR = Path(env_text("SEARCH_INDEX_DIR", str(PORTAL_STATE / "search")))

# --- People -------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "marketplace.demo.PublishedPasswordGuard",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "marketplace.passwords.OwnWordsValidator"},
    {"NAME": "marketplace.passwords.BreachedPasswordsValidator"},
]
# Passwords that were stolen somewhere: Pwned Passwords, the list of SHA-1 ordered by hash (docs/security.md).
BREACHED_PASSWORDS = env_text("BREACHED_PASSWORDS")
# The host on which alone the administration answers; none: on the portal's own.
ADMIN_HOST = env_text("ADMIN_HOST").lower()
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "marketplace:home"
LOGOUT_REDIRECT_URL = "marketplace:home"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "marketplace.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "marketplace.accounts.LoginForm",
    "change_password": "marketplace.accounts.ChangePasswordForm",  # nosec B105  # the name of a class
    "reauthenticate": "marketplace.accounts.ReauthenticateForm",
}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}  # marketplace.accounts counts without a lock
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Off in a demonstration, whose passwords everybody knows; whom it is asked of is the rule sign_in.second_factor.
SECOND_FACTOR = env_bool("SECOND_FACTOR", default=not DEMO)
# Who checks electronic signatures: an NCANode's address, "test-ca" (a root of our own, worth nothing outside), or nobody.
SIGNATURE_VERIFIER = env_text("SIGNATURE_VERIFIER", "test-ca" if DEMO else "")
MFA_ADAPTER = "marketplace.accounts.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "marketplace.accounts.SecondStepForm",
    "reauthenticate": "marketplace.accounts.SecondStepAgainForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Tirek"
MFA_TOTP_TOLERANCE = 1  # steps of 30 seconds: phones' clocks differ
MFA_RECOVERY_CODE_DIGITS = 10
API_TOKEN_LIFETIME = timedelta(hours=12)

SESSION_ENGINE = "marketplace.session_store"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The waiting room (marketplace/waiting_room.py): a place in the line, and the right to go on without one.
WAITING_TICKET_COOKIE = "__Host-ticket" if HTTPS else "ticket"
WAITING_PASS_COOKIE = "__Host-let-in" if HTTPS else "let-in"
WAITING_PASS_MINUTES = env_int("WAITING_PASS_MINUTES", 20)
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True  # draft.js asks /api/v1/csrf for the token
CSRF_FAILURE_VIEW = "marketplace.views.errors.csrf_failure"

# --- Security headers ------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = False  # the proxy redirects
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "media-src": ["'self'", "blob:"],  # a recording is heard and seen before it is sent
        "object-src": ["'none'"],
        "worker-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    },
}
# The kill switch: 0 makes /sw.js remove itself, and all that it kept, from every browser that has it.
SERVICE_WORKER = env_bool("SERVICE_WORKER", default=True)
# 0: each page is made anew for every visitor (marketplace/shared_pages.py).
SHARED_PAGES = env_bool("SHARED_PAGES", default=True)
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- Languages ----------------------------------------------------------------------------

LANGUAGE_CODE = "kk"
LANGUAGES = [("kk", _("Kazakh")), ("ru", _("Russian")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "marketplace" / "locale", Path(oscar.__file__).parent / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Almaty"
MODELTRANSLATION_DEFAULT_LANGUAGE = "kk"
MODELTRANSLATION_LANGUAGES = ("kk", "ru", "en")
MODELTRANSLATION_FALLBACK_LANGUAGES = ("kk", "ru", "en")

# --- Oscar as a library ---------------------------------------------------------------------

OSCAR_DEFAULT_CURRENCY = "KZT"
OSCAR_DELETE_IMAGE_FILES = False
OSCAR_SLUG_FUNCTION = "catalog.slugs.slugify"
OSCAR_SAVE_SENT_EMAILS_TO_DB = False
HAYSTACK_SIGNAL_PROCESSOR = "haystack.signals.BaseSignalProcessor"

# --- Files ----------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env_text("STATIC_ROOT", str(PORTAL_STATE / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = False
MEDIA_ROOT = Path(env_text("MEDIA_ROOT", str(PORTAL_STATE / "media")))
# Who looks for malware in what is uploaded: tcp://host:3310 or unix:///path of a clamd, or nobody.
SCANNER = env_text("SCANNER")
MEDIA_URL = "/media/"  # never served: files go out through a view that checks rights

# --- Messages to people -----------------------------------------------------------------------

SMS_GATEWAY_URL = env_text("SMS_GATEWAY_URL")
SMS_GATEWAY_TOKEN = env_text("SMS_GATEWAY_TOKEN")
# Asked while the first one is away or slow.
SMS_SECOND_GATEWAY_URL = env_text("SMS_SECOND_GATEWAY_URL")
SMS_SECOND_GATEWAY_TOKEN = env_text("SMS_SECOND_GATEWAY_TOKEN")
SMS_SENDER = env_text("SMS_SENDER", "Tirek")
# The complaint bot: without token and secret it is not there. A local Bot API server may stand for Telegram's.
TELEGRAM_TOKEN = env_text("TELEGRAM_TOKEN")
TELEGRAM_SECRET = env_text("TELEGRAM_SECRET")
TELEGRAM_API_URL = env_text("TELEGRAM_API_URL", "https://api.telegram.org").rstrip("/")
# smtp://user:password@host:587 (STARTTLS), smtps://… (TLS from the start), smtp://localhost:25 (neither)
_email = urlparse(env_text("EMAIL_URL"))
EMAIL_HOST = _email.hostname or ""
EMAIL_PORT = _email.port or 25
EMAIL_HOST_USER = unquote(_email.username or "")
EMAIL_HOST_PASSWORD = unquote(_email.password or "")
EMAIL_USE_SSL = _email.scheme == "smtps"
EMAIL_USE_TLS = not EMAIL_USE_SSL and EMAIL_PORT == 587
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env_text("DEFAULT_FROM_EMAIL", "no-reply@tirek.example")

# --- Seeing what happens -------------------------------------------------------------------------

SENTRY_DSN = env_text("SENTRY_DSN")
LOG_LEVEL = env_text("LOG_LEVEL", "INFO")
# Of how many requests and tasks Sentry is told what took how long (marketplace/logs.py): routes and shapes of statements.
SENTRY_TRACES = env_share("SENTRY_TRACES", "0")
SLOW_QUERY_MS = env_int("SLOW_QUERY_MS", 500)
# How many visits tell how long their page took (pace.js); 0 takes the script out of the pages.
PACE_SHARE = env_share("PACE_SHARE", "0.1")
LOGGING_CONFIG = "marketplace.logs.configure"
LOGGING: dict[str, object] = {"level": LOG_LEVEL}
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
DJANGO_STRUCTLOG_CELERY_ENABLED = True

SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # the proxy redirects to https
    "security.W021",  # to be on the browsers' preload list is for who owns the domain to decide
]
