"""Start the service, listen, and end it: signals, TLS, and the socket."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Generator, Mapping
from functools import partial

import uvicorn

from emoclass.errors import ConfigError
from emoclass.serving.app import create_app
from emoclass.serving.listener import BoundedServer
from emoclass.serving.models import ServedModel
from emoclass.serving.service import Service
from emoclass.serving.settings import Settings

_log = logging.getLogger(__name__)

GRACE_SECONDS = 30
"""Requests that are under way have so long to be finished when the service ends."""

TELL_SECONDS = 6
"""Videos are given up so long before that: their processes are killed, and their clients told."""


def serve(
    settings: Settings,
    read_models: Callable[[], Mapping[str, ServedModel]],
    *,
    on_ready: Callable[[str], object] = print,
) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reads the models again.

    Args:
        settings: Where to listen, whom to let in, and how much is allowed.
        read_models: Reads the models from disk.
        on_ready: Called with the address when requests are answered.

    Raises:
        ConfigError: The address is in use, or the certificate cannot be read.
        BundleError: A model cannot be read.
    """
    models = read_models()
    check_certificate(settings)
    with listening(settings) as sock:
        asyncio.run(_run(Service(settings, models, read_models), sock, on_ready))


@contextlib.contextmanager
def listening(settings: Settings) -> Generator[socket.socket]:
    """Listen on the address: before models are loaded, so that one in use is said at once.

    Raises:
        ConfigError: It cannot be listened on.
    """
    host = settings.host.strip("[]")
    try:
        family = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.create_server((host, settings.port), family=family, backlog=2048)
    except OSError as error:
        reason = error.strerror or str(error)
        is_port = not isinstance(error, socket.gaierror) and error.errno in (errno.EADDRINUSE, errno.EACCES)
        raise ConfigError(
            f"address {settings.host}:{settings.port}: cannot be listened on ({reason.partition(' (while')[0]}).",
            hint="Choose another port with --port; 0 takes a free one."
            if is_port
            else "--host takes an address of this computer, such as 127.0.0.1.",
        ) from error
    with sock:
        yield sock


def check_certificate(settings: Settings) -> None:
    """Refuse a certificate that cannot be used.

    Raises:
        ConfigError: It cannot.
    """
    if settings.certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.certificate, settings.key)
    except (OSError, ValueError) as error:  # of ssl, too
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(
            f"certificate {settings.certificate}: cannot be used with its key ({reason}).",
            hint="Both must be readable files in PEM format.",
        ) from error


async def _run(service: Service, sock: socket.socket, on_ready: Callable[[str], object]) -> None:
    await new_server(service, sock, on_ready).serve(sockets=[sock])


def new_server(service: Service, sock: socket.socket, on_ready: Callable[[str], object]) -> Server:
    """Return a server for a socket; `serve` runs it in the event loop that calls it.

    Args:
        service: What answers.
        sock: It listens already.
        on_ready: Called with the address when requests are answered.
    """
    config = uvicorn.Config(
        create_app(service),
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(service.settings.proxies),
        forwarded_allow_ips=list(service.settings.proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=service.settings.certificate,
        ssl_keyfile=service.settings.key,
    )
    return Server(config, service, partial(on_ready, address(service.settings, sock)))


def address(settings: Settings, sock: socket.socket) -> str:
    """Return where a browser finds the page."""
    host = settings.host.strip("[]")
    host = {"0.0.0.0": "localhost", "::": "localhost", "": "localhost"}.get(host, host)
    scheme = "http" if settings.certificate is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{sock.getsockname()[1]}/"


class Server(BoundedServer):
    """The server of the service. Signals end it in order, without being raised again, unlike uvicorn's."""

    def __init__(self, config: uvicorn.Config, service: Service, on_ready: Callable[[], object]) -> None:
        super().__init__(config, service.settings.limits)
        self._service, self._on_ready = service, on_ready
        self._tasks: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Load the models, answer, and say so."""
        await super().startup(sockets)
        self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Handle the signals while the block runs, where that is possible: in the main thread, and not on Windows."""
        loop = asyncio.get_running_loop()
        handled: dict[int, Callable[[], None]] = {signal.SIGINT: self.stop, signal.SIGTERM: self.stop}
        if hasattr(signal, "SIGHUP"):
            handled[signal.SIGHUP] = self._reload
        installed = []
        for number, handler in handled.items():
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, handler)
                installed.append(number)
        try:
            yield
        finally:
            for number in installed:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Finish what is under way, and end; the second time, end at once."""
        self._service.is_closing = True
        self.force_exit = self.should_exit  # the second time
        self.should_exit = True
        # Watching a video may take longer than that: it is given up while its client can still be told.
        asyncio.get_running_loop().call_later(GRACE_SECONDS - TELL_SECONDS, self._service.videos.close)

    def _reload(self) -> None:
        task = asyncio.get_running_loop().create_task(self._service.reload())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
