"""Who is let in: the host and the origin of a request, the token, and what every answer tells the browser."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from emoclass.serving.problems import ProblemError
from emoclass.serving.settings import Settings

COOKIE = "emoclass_session"

OPEN = ("/", "/healthz", "/readyz", "/v1/session", "/favicon.ico")
"""What needs no token: the page, which holds nothing, and whether the service is well."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Tokens:
    """Tells whether somebody knows the token, and gives browsers a cookie in its place.

    The cookie is a keyed digest of the token, so that it ends with it, and does not give it away.

    Args:
        token: The token; None lets everyone in.
    """

    def __init__(self, token: str | None) -> None:
        self._token = None if token is None else token.encode()
        self._key = secrets.token_bytes(32)

    @property
    def is_required(self) -> bool:
        """Whether there is a token."""
        return self._token is not None

    @property
    def cookie(self) -> str:
        """What a browser is given that has shown the token; another one after every start of the service."""
        return hmac.new(self._key, self._token or b"", hashlib.sha256).hexdigest()

    def matches(self, token: str | None) -> bool:
        """Tell whether this is the token; it takes as long for every wrong one."""
        if self._token is None:
            return True
        return token is not None and hmac.compare_digest(_digest(token), _digest(self._token))

    def lets_in(self, headers: Headers) -> bool:
        """Tell whether a request has the token, or the cookie."""
        if self._token is None:
            return True
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.matches(token.strip()):
            return True
        # Other services on this computer may set cookies that SimpleCookie does not understand, and it then drops all.
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        return cookie is not None and hmac.compare_digest(_digest(cookie), _digest(self.cookie))


class Guard:
    """Stands before the application, for requests and web sockets alike.

    A page of another site may have a browser call this service, under a name that leads here (DNS rebinding) or
    without asking (a web socket). So the host must be one of this service's, and the origin the same host.

    Args:
        app: The application.
        settings: Hosts and origins.
        tokens: The token.
    """

    def __init__(self, app: ASGIApp, settings: Settings, tokens: Tokens) -> None:
        self._app = app
        self._hosts = {each.lower().strip("[]") for each in (settings.host, *settings.hosts, "localhost")}
        self._origins = {each.rstrip("/").lower() for each in settings.origins}
        self._tokens = tokens
        self._is_secure = settings.certificate is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
                if self._is_secure:
                    answer["strict-transport-security"] = "max-age=31536000"
                self._allow_origin(headers, answer)
            await send(message)

        problem = self._problem(scope, headers)
        if problem is None and scope["type"] == "http" and _is_preflight(scope, headers):
            await _Preflight()(scope, receive, sending)
        elif problem is None:
            await self._app(scope, receive, sending)
        elif scope["type"] == "websocket":
            await WebSocketClose(code=1008)(scope, receive, send)  # before it was accepted: the client gets 403
        else:
            await problem.response()(scope, receive, sending)

    def _problem(self, scope: Scope, headers: Headers) -> ProblemError | None:
        if len(headers.getlist("host")) != 1 or not self._is_ours(headers["host"]):
            return ProblemError(
                421, f"Host: {headers.get('host', 'none')[:200]!r} is not a name of this service.",
                hint="Start it with --allow-host NAME.", closes=True,
            )  # fmt: skip
        origin = headers.get("origin")
        if origin is not None and not self._is_same(origin, headers["host"]) and not self._is_allowed(origin):
            return ProblemError(
                403, f"Origin: {origin[:200]!r} may not call this service.",
                hint="Start it with --allow-origin ORIGIN.", closes=True,
            )  # fmt: skip
        path: str = scope["path"]
        if path in OPEN or path.startswith("/page/") or _is_preflight(scope, headers) or self._tokens.lets_in(headers):
            return None
        return ProblemError(
            401, "token: expected the one of this service.", hint="Send it as: Authorization: Bearer TOKEN.",
            headers={"www-authenticate": 'Bearer realm="emoclass"'}, closes=True,
        )  # fmt: skip

    def _is_ours(self, host: str) -> bool:
        name = _host_name(host)
        if name is None:
            return False
        if name in self._hosts or "*" in self._hosts:
            return True
        try:
            address = ip_address(name)
        except ValueError:
            return False
        # Addresses cannot be rebound. Where the service listens on all of them, each of them is its own.
        return address.is_loopback or bool(self._hosts & {"0.0.0.0", "::"})

    def _is_same(self, origin: str, host: str) -> bool:
        try:
            found = urlsplit(origin)
        except ValueError:
            return False
        return found.scheme in ("http", "https") and found.netloc.lower() == host.lower()

    def _is_allowed(self, origin: str) -> bool:
        return origin.rstrip("/").lower() in self._origins

    def _allow_origin(self, headers: Headers, answer: MutableHeaders) -> None:
        """Tell the browser that a page of another site may read the answer, where the operator said so."""
        if not self._origins:
            return
        answer.add_vary_header("Origin")
        origin = headers.get("origin", "")
        if self._is_allowed(origin):
            answer["access-control-allow-origin"] = origin
            answer["access-control-allow-headers"] = "authorization, content-type"
            answer["access-control-allow-methods"] = "GET, POST"
            answer["cross-origin-resource-policy"] = "cross-origin"


class _Preflight:
    """The answer to a browser that asks whether it may ask."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return scope["type"] == "http" and scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def _host_name(host: str) -> str | None:
    """Return the name in a Host header, without port and brackets; None where it is none."""
    if any(each in host for each in "/\\@?# \t,"):
        return None
    try:
        found = urlsplit(f"//{host}")
        found.port  # noqa: B018 - it is read to see whether it is a number
        return found.hostname
    except ValueError:
        return None


def _digest(text: str | bytes) -> bytes:
    """Return a digest, so that two texts are compared that are equally long."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).digest()


def check_token(token: str, *, least: int = 16) -> str:
    """Return a token that may be one.

    Raises:
        ValueError: It is too short, or has characters that no header can carry.
    """
    if len(token) < least:
        raise ValueError(f"expected at least {least} characters, got {len(token)}")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError("expected printable ASCII characters without spaces")
    return token


def is_loopback(host: str) -> bool:
    """Tell whether only this computer can connect to an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origins_of(given: Iterable[str]) -> tuple[str, ...]:
    """Return web origins.

    Raises:
        ValueError: One is none, such as an address with a path.
    """
    for each in given:
        found = urlsplit(each)
        if found.scheme not in ("http", "https") or not found.netloc or found.path.strip("/") or found.query:
            raise ValueError(f"expected an origin such as https://example.org, got {each!r}")
    return tuple(given)
