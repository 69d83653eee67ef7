"""Django's settings. What differs between machines comes from the environment.

| variable | meaning | default |
|---|---|---|
| `DATABASE_URL` | `sqlite:///PATH` or `postgres://…` | `parkway.sqlite3` in the current folder |
| `PARKWAY_SECRET_KEY` | signs sessions and tokens; keep it secret | on SQLite `serve` keeps one |
| `PARKWAY_HOSTS` | the names people reach Parkway by, with commas between | this machine alone |
| `PARKWAY_PLAIN_HTTP` | `1` sends cookies without HTTPS; only for this machine alone | off |
| `PARKWAY_BEHIND_PROXY` | `1` believes the proxy's `X-Forwarded-Proto` and `X-Forwarded-For` | off |
| `PARKWAY_SUPPORT` | the e-mail address of support, shown on the pages | `support@parkway.example` |
| `PARKWAY_MAIL_FROM` | the sender of e-mails | the address of support |
| `PARKWAY_SMTP` | `HOST:PORT` of the server that takes e-mails | e-mails are written to the console |
| `PARKWAY_SMTP_USER`, `PARKWAY_SMTP_PASSWORD` | how to sign in there | without signing in |
| `PARKWAY_LOGS` | `json` or `lines`: also the end of each run is logged | `serve`, `worker`: `lines` |
| `PARKWAY_DEBUG` | `1` shows tracebacks; never where people work | off |
"""

import os
import secrets
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF

from parkway.domain import Invalid


def _on(name: str) -> bool:
    return os.environ.get(name) == "1"


DEBUG = _on("PARKWAY_DEBUG")
BEHIND_PROXY = _on("PARKWAY_BEHIND_PROXY")
SECRET_KEY = os.environ.get("PARKWAY_SECRET_KEY") or secrets.token_urlsafe(48)
HERE = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = [*(name.strip() for name in os.environ.get("PARKWAY_HOSTS", "").split(",") if name), *HERE]

DATABASE_URL = os.environ.get("DATABASE_URL") or f"sqlite:///{Path('parkway.sqlite3').absolute()}"
ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
try:
    DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
except ValueError:
    DATABASES = {"default": {"ENGINE": ""}}
if DATABASES["default"]["ENGINE"] not in ENGINES or not DATABASES["default"]["NAME"]:
    raise Invalid(
        "DATABASE_URL does not name a database that Parkway can use. Write it as sqlite:///PATH, with a "
        "fourth slash for a path from the root, or as postgres://USER:PASSWORD@HOST/NAME.",
        fields=("DATABASE_URL",),
    )
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        # `?timeout=5` at the end of DATABASE_URL waits five seconds for a lock, not sixty
        # readers never wait for the writer; a write takes the lock when it begins, so that none fails halfway
        # each thread keeps up to 16 MB of the file in memory: with four times as much nothing was faster
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; "
        "PRAGMA cache_size=-16384; PRAGMA foreign_keys=ON;",
        **DATABASES["default"].get("OPTIONS", {}),
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True  # a connection that the server closed is not handed out
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 10,
        "application_name": "parkway",
        # a server whose machine vanished says nothing; it is given up after 15 seconds
        "tcp_user_timeout": 15_000,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        **DATABASES["default"].get("OPTIONS", {}),
    }

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "parkway.tenancy",
    "parkway.manage",
    "parkway.storypark",
    "parkway.sync",
    "parkway.web",  # its templates come before those of forms and of the sign-in pages
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "parkway.config",
]
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    INSTALLED_APPS.insert(INSTALLED_APPS.index("parkway.config"), "procrastinate.contrib.django")
    PROCRASTINATE_AUTODISCOVER_MODULE_NAME = ""
    PROCRASTINATE_IMPORT_PATHS = ["parkway.jobs.queue"]
MIDDLEWARE = [
    "parkway.config.request_id.RequestId",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "parkway.web.middleware.DatabaseFirst",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "parkway.web.middleware.Doorkeeper",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["parkway.web.templatetags.parkway"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "parkway.web.context.page",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
ROOT_URLCONF = "parkway.config.urls"
WSGI_APPLICATION = "parkway.config.wsgi.application"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # no step to collect files: they come with the package
WHITENOISE_MAX_AGE = 3600
SUPPORT = os.environ.get("PARKWAY_SUPPORT") or "support@parkway.example"

# Signing in
AUTH_USER_MODEL = "tenancy.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "parkway.web.allauth_adapter.Accounts"
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are added by support, who know their addresses
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)  # whose sign-ins are counted together
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Parkway"
# shared by every process of Parkway: counts of failed sign-ins, marks of forms that were sent, files that
# wait for their sender's yes
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "web_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # what has not run out is not thrown out to make room
    }
}

# Cookies, headers
SECURE = not _on("PARKWAY_PLAIN_HTTP")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # names don't go into cookies
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_SSL_REDIRECT = SECURE and BEHIND_PROXY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "parkway.web.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],  # the square code of two-step sign-in
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# E-mail
DEFAULT_FROM_EMAIL = os.environ.get("PARKWAY_MAIL_FROM") or SUPPORT
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
if smtp := os.environ.get("PARKWAY_SMTP"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, _, port = smtp.partition(":")
    if port and not port.isdecimal():
        raise Invalid("PARKWAY_SMTP is HOST:PORT, such as mail.example.org:587.", fields=("PARKWAY_SMTP",))
    EMAIL_TIMEOUT = 10
    EMAIL_PORT = int(port or 25)
    EMAIL_USE_TLS = EMAIL_PORT == 587
    EMAIL_HOST_USER = os.environ.get("PARKWAY_SMTP_USER", "")
    EMAIL_HOST_PASSWORD = os.environ.get("PARKWAY_SMTP_PASSWORD", "")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # set-up of a large service is one form
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-nz"

LOGS = os.environ.get("PARKWAY_LOGS", "")
if LOGS not in ("", "json", "lines"):
    raise Invalid("PARKWAY_LOGS is either json or lines.", fields=("PARKWAY_LOGS",))
# No personal data in logs: what is logged names ids, never people
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "parkway.config.logs.LogLine",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        },
        "json": {"()": "parkway.config.logs.JsonLine"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "json" if LOGS == "json" else "line"}
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "parkway": {"level": "INFO" if LOGS else "WARNING"},
        "waitress.queue": {"level": "ERROR"},  # that several ask at once is no matter for a warning
        "psycopg": {"level": "ERROR"},  # its warnings quote rows, of errors that come after one that is told
    },
}
