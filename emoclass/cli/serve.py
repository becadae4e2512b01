"""`emoclass serve`: a service and a page for trained models."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path

import click

from emoclass.errors import ConfigError, MissingPackageError

# Click keeps the lines of a paragraph that begins with a backspace character.
HELP = """Serve trained models: a page for the browser, and an HTTP service for programs.

MODEL is what 'emoclass predict' takes, or NAME=MODEL to give it another name. The first is taken where a client names
none. Live sessions and videos take a model's fast variant, where there is one.

Images are read into memory, classified and forgotten; nothing is stored. Without further options, only this computer
can connect. On any other address, clients must know a token.

\b
emoclass serve faces
emoclass serve faces runs/20260102-030405-happysad --port 9000
emoclass serve faces --host 0.0.0.0 --token-file token.txt --tls-cert cert.pem --tls-key key.pem

SIGHUP reads the models again, without dropping a request. Ctrl-C ends the service.
"""

TOKEN = "EMOCLASS_TOKEN"

PACKAGES = ("fastapi", "uvicorn", "websockets", "python_multipart", "prometheus_client", "httptools")


def _networks(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is neither an address nor a network: nobody would be trusted, silently."""
    for each in given:
        try:
            ip_network(each)
        except ValueError as error:
            raise click.BadParameter(f"expected an address such as 127.0.0.1 or 10.0.0.0/8 ({error}).") from None
    return given


def _names(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a URL, and a name with a port: no client would be let in by it."""
    for each in given:
        if "/" in each or each.count(":") == 1:
            raise click.BadParameter(
                f"expected a name without scheme and port, such as faces.example.org, got {each!r}."
            )
    return given


@click.command(help=HELP)
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--token-file", type=Path, metavar="FILE", help=f"A file with the token that clients must know; or set "
              f"the environment variable {TOKEN}. Required on other addresses than this computer's own.")  # fmt: skip
@click.option("--tls-cert", metavar="FILE", help="A certificate, for HTTPS.")
@click.option("--tls-key", metavar="FILE", help="Its private key.")
@click.option("--allow-host", "hosts", multiple=True, callback=_names, metavar="NAME", help="Another name "
              "by which clients reach the service. May be repeated.")  # fmt: skip
@click.option("--allow-origin", "origins", multiple=True, metavar="ORIGIN", help="A web origin whose pages may call "
              "the service, such as https://example.org. May be repeated.")  # fmt: skip
@click.option("--proxy", "proxies", multiple=True, callback=_networks, metavar="ADDRESS", help="The address or network "
              "of a reverse proxy whose X-Forwarded-For and X-Forwarded-Proto headers are believed; requires a token. "
              "May be repeated.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 256), metavar="N", help="Processes that decode and classify; one for "
              "each CPU core by default.")  # fmt: skip
@click.option("--max-mib", type=click.FloatRange(0.01, 1024), default=32, show_default=True, help="MiB of a request.")
@click.option("--max-megapixels", type=click.FloatRange(0.01, 89), default=50, show_default=True, help="Of an image.")
@click.option("--max-images", type=click.IntRange(1, 10_000), default=64, show_default=True, help="In a request.")
@click.option("--max-live", type=click.IntRange(0, 1000), default=8, show_default=True, help="Live sessions at once.")
@click.option("--max-videos", type=click.IntRange(0, 100), default=1, show_default=True, help="Videos that are watched "
              "at once; 0 takes none.")  # fmt: skip
@click.option("--max-video-mib", type=click.FloatRange(0.01, 1024), default=64, show_default=True, help="MiB of a "
              "video.")  # fmt: skip
@click.option("--max-video-seconds", type=click.FloatRange(0.1, 3600), default=120, show_default=True, help="How long "
              "a video may be.")  # fmt: skip
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.option("--quiet", is_flag=True, help="Write no line for each request.")
def serve(
    models: tuple[str, ...], host: str, port: int, token_file: Path | None, tls_cert: str | None, tls_key: str | None,
    hosts: tuple[str, ...], origins: tuple[str, ...], proxies: tuple[str, ...], workers: int | None, max_mib: float,
    max_megapixels: float, max_images: int, max_live: int, max_videos: int, max_video_mib: float,
    max_video_seconds: float, opens: bool, quiet: bool,
) -> None:  # fmt: skip
    """Serve until Ctrl-C."""
    missing = [each for each in PACKAGES if find_spec(each) is None]
    if missing:
        raise MissingPackageError(
            f"serve: expected {missing[0]} to be installed, found none.",
            hint='Install with: pip install "emoclass[serve]"',
        )
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key: expected both, got one.")

    from emoclass.concurrency import available_threads
    from emoclass.plugin.registry import Registry
    from emoclass.serving.guard import is_loopback, origins_of
    from emoclass.serving.models import read_models
    from emoclass.serving.server import serve as start
    from emoclass.serving.settings import MIB, Limits, Settings

    token = _token(token_file)
    if token is None and (proxies or not is_loopback(host)):
        subject = "--proxy" if proxies else f"host {host}"
        raise ConfigError(
            f"{subject}: expected a token, since other computers can connect, got none.",
            hint=f"Name a file with one: --token-file FILE; or set {TOKEN}. For example: openssl rand -hex 24 > FILE.",
        )
    try:
        allowed = origins_of(origins)
    except ValueError as error:
        raise click.UsageError(f"--allow-origin: {error}.") from None
    settings = Settings(
        host=host, port=port, token=token, hosts=hosts, origins=allowed, certificate=tls_cert, key=tls_key,
        proxies=proxies, workers=workers or available_threads(),
        limits=Limits(
            max_bytes=int(max_mib * MIB), max_pixels=int(max_megapixels * 1e6), max_images=max_images,
            max_live=max_live, max_videos=max_videos, max_video_bytes=int(max_video_mib * MIB),
            max_video_seconds=max_video_seconds,
            max_video_frames=max(int(60 * max_video_seconds), Limits().max_video_frames),
            max_watch_seconds=max(3 * max_video_seconds, Limits().max_watch_seconds),
            max_memory=max(int(max(max_mib, max_video_mib) * MIB * 2), Limits().max_memory),
        ),
    )  # fmt: skip
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # it warns of every body that is no form
    logging.getLogger("emoclass.serving.access").setLevel(logging.WARNING if quiet else logging.INFO)
    if tls_cert is None and not proxies and not is_loopback(host):
        click.echo("Note: without TLS, the token and the pictures can be read on the way, and browsers give the page "
                   "no camera. Add --tls-cert and --tls-key, or a reverse proxy.", err=True)  # fmt: skip
    click.echo("Loading the models", err=True)
    start(settings, partial(read_models, models, Registry.discover()), on_ready=partial(_ready, host=host, opens=opens))
    click.echo("Stopped.", err=True)


def _ready(address: str, *, host: str, opens: bool) -> None:
    click.echo(f"Serving at {address} (Ctrl-C stops it).")
    if host.strip("[]") in ("0.0.0.0", "::", ""):
        click.echo("Other computers reach it by this computer's IP address, or a name that --allow-host adds.")
    sys.stdout.flush()
    if opens:
        import webbrowser

        webbrowser.open(address)


def _token(file: Path | None) -> str | None:
    """Return the token that clients must know; None where there is none."""
    from emoclass.serving.guard import check_token

    if file is not None:
        where = f"token file {file}"
        try:
            with file.open("rb") as opened:
                token = opened.read(4096).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{where}: cannot be read ({getattr(error, 'strerror', None) or error}).") from error
    elif TOKEN in os.environ:
        where, token = f"environment variable {TOKEN}", os.environ[TOKEN].strip()
    else:
        return None
    try:
        return check_token(token)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}.", hint="For example: openssl rand -hex 24") from None
