"""Who is let in: hosts, origins, the token and its cookie, and what every answer tells the browser."""

from __future__ import annotations

import asyncio

import httpx
import pytest

pytest.importorskip("fastapi", reason="needs the serve extra")

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from emoclass.serving.guard import COOKIE, Guard, Tokens, check_token, is_loopback, origins_of
from emoclass.serving.settings import Settings

TOKEN = "0123456789abcdef"


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
    else:
        await PlainTextResponse("hello")(scope, receive, send)


class Client:
    """Asks an application that a guard stands before."""

    def __init__(self, **settings):
        chosen = Settings(**settings)
        self.guard = Guard(app, chosen, Tokens(chosen.token))

    def __getattr__(self, method):
        return lambda path, headers=None: asyncio.run(self.ask(method, path, headers))

    async def ask(self, method, path, headers):
        transport = httpx.ASGITransport(self.guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.request(method, path, headers=headers)

    def opens_socket(self, **headers):
        """Tell whether a web socket is accepted."""
        given = {"host": "127.0.0.1:8000", **headers}
        scope = {
            "type": "websocket",
            "path": "/v1/live",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        sent = []

        async def receive():
            return {"type": "websocket.connect"}

        async def send(message):
            sent.append(message["type"])

        asyncio.run(self.guard(scope, receive, send))
        return sent[0] == "websocket.accept"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "127.1.2.3", "10.0.0.5:8000", "face.example"],
)
def test_names_of_this_service(host):
    own = Client(host="10.0.0.5", hosts=("face.example",), token=TOKEN)
    assert own.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "localhost@evil.example",
     "evil.example#localhost", "localhost:x", "[::1", "", "192.168.0.9", "localhost, evil.example", "a b"],
)  # fmt: skip
def test_names_that_were_rebound(host):
    answer = Client().get("/healthz", headers={"host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


def test_service_on_all_addresses_answers_by_each_of_them_but_by_no_other_name():
    own = Client(host="0.0.0.0", token=TOKEN)
    assert own.get("/healthz", headers={"host": "192.168.0.9:8000"}).status_code == 200
    assert own.get("/healthz", headers={"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8000", 200),
        ("http://127.0.0.1:9000", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("file://", 403),
        ("http://[", 403),
        ("ftp://127.0.0.1:8000", 403),
        ("https://friend.example", 200),
        ("https://friend.example.evil.example", 403),
    ],
)
def test_origins(origin, status):
    own = Client(origins=("https://friend.example",))
    answer = own.post("/v1/predictions", headers={"origin": origin})
    assert answer.status_code == status
    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed == (origin if origin == "https://friend.example" else None)


def test_web_sockets_of_other_pages_are_refused():
    own = Client()
    assert own.opens_socket() and own.opens_socket(origin="http://127.0.0.1:8000")
    assert not own.opens_socket(origin="http://evil.example")
    assert not own.opens_socket(host="evil.example")
    assert not Client(token=TOKEN).opens_socket()
    assert Client(token=TOKEN).opens_socket(authorization=f"Bearer {TOKEN}")


def test_page_of_an_allowed_origin_may_ask_first():
    own = Client(origins=("https://friend.example",), token=TOKEN)
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    answer = own.options("/v1/predictions", headers={"origin": "https://friend.example", **asks})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "https://friend.example"
    assert "authorization" in answer.headers["access-control-allow-headers"]
    assert own.options("/v1/predictions", headers={"origin": "https://evil.example", **asks}).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"bearer  {TOKEN}"}, 200),
        ({"authorization": f"Bearer {TOKEN}x"}, 401),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": f"Basic {TOKEN}"}, 401),
        ({"authorization": "Bearer \xe4\xf6"}, 401),
        ({"cookie": f"{COOKIE}={TOKEN}"}, 401),
        ({"cookie": f"{COOKIE}=;;;=,"}, 401),
    ],
)
def test_token(headers, status):
    answer = Client(token=TOKEN).get("/v1/models", headers={k: v.encode("latin-1") for k, v in headers.items()})
    assert answer.status_code == status
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_token_in_an_address_is_none():
    assert Client(token=TOKEN).get(f"/v1/models?token={TOKEN}").status_code == 401


def test_what_holds_nothing_needs_no_token():
    own = Client(token=TOKEN)
    for path in ("/", "/page/app.js", "/healthz", "/readyz", "/v1/session"):
        assert own.get(path).status_code == 200
    for path in ("/v1/models", "/v1/limits", "/metrics", "/v1/predictions", "/page", "/v1/openapi.json"):
        assert own.get(path).status_code == 401


def test_cookie_stands_for_the_token_until_the_service_ends():
    tokens = Tokens(TOKEN)
    assert tokens.lets_in(Headers({"cookie": f"a=b; {COOKIE}={tokens.cookie}"}))
    assert tokens.lets_in(Headers({"cookie": f'other={{"a": 1}}; {COOKIE}={tokens.cookie}'}))  # of another service
    assert TOKEN not in tokens.cookie
    assert not Tokens(TOKEN).lets_in(Headers({"cookie": f"{COOKIE}={tokens.cookie}"}))


def test_every_answer_has_the_policy():
    own = Client(token=TOKEN)
    for answer in (own.get("/"), own.get("/v1/models"), own.get("/", headers={"host": "evil.example"})):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in own.get("/").headers
    assert "strict-transport-security" in Client(certificate="c", key="k").get("/").headers


def test_tokens_that_are_none():
    assert check_token(TOKEN) == TOKEN
    for token, said in (("short", "at least 16"), ("x" * 20 + " y", "without spaces"), ("ä" * 20, "ASCII")):
        with pytest.raises(ValueError, match=said):
            check_token(token)


def test_loopback_and_origins():
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org", "")))
    assert origins_of(["https://a.example", "http://b:8000"]) == ("https://a.example", "http://b:8000")
    for wrong in ("a.example", "https://a.example/path", "ftp://a", "https://"):
        with pytest.raises(ValueError, match="expected an origin"):
            origins_of([wrong])
