"""The service on a hostile network, and under load: others are answered, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from served import drawn, serving
from service import get, read_all, send, wait_until

from emoclass.serving.settings import Limits

resource = pytest.importorskip("resource", reason="file descriptors are not limited here")

pytestmark = pytest.mark.slow

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "serving.py"
N_LEFT = 10_000
REFUSED = {"ConnectionRefusedError", "ConnectionResetError"}

LEAVE = """
import resource, socket, sys

port, count = map(int, sys.argv[1:])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
left = []
for number in range(count):
    left.append(socket.create_connection(("127.0.0.1", port), timeout=60))
    if number % 2:
        left[-1].send(b"POST /v1/predictions HTTP/1.1\\r\\nHost: local")
print("opened", flush=True)
sys.stdin.readline()
"""


@contextlib.contextmanager
def command(*options):
    """Run `emoclass serve`, and give its port and its process."""
    arguments = [sys.executable, "-m", "emoclass", "serve", "faces", "--port", "0", "--quiet", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline().split("/ ")[0].rsplit(":", 1)[1]), psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(120)


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_of_serving", BENCHMARK)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def asked(benchmark):
    return benchmark.ask_library(list(benchmark.draw(20)))


def test_ten_thousand_connections_that_are_left_keep_nobody_out():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < N_LEFT + 300:
        pytest.skip(f"the hard limit of file descriptors is {hard}; {N_LEFT + 300} are needed")
    with command("--workers", "1") as (port, process):
        before = process.memory_info().rss
        arguments = [sys.executable, "-c", LEAVE, str(port), str(N_LEFT)]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            most_open = 0
            while not select.select([other.stdout], [], [], 0)[0]:
                answer_in_time(port)
                most_open = max(most_open, process.num_fds())
            for _ in range(20):
                answer_in_time(port)
                time.sleep(0.1)
            assert most_open > 1000  # on a slow machine, the first are closed before the last are opened
            assert process.memory_info().rss < before + 200e6
            other.communicate("\n")
        answer_in_time(port)


def answer_in_time(port):
    started = time.perf_counter()
    assert b"200 OK" in get(port, "/healthz")
    assert time.perf_counter() - started < 10


def post(port, body, *lines, path="/v1/predictions"):
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: image/png", f"Content-Length: {len(body)}"]
    return send(port, "\r\n".join([*head, *lines, "", ""]).encode())


def port_of(served) -> int:
    return int(served.address.rstrip("/").rsplit(":", 1)[1])


def test_bodies_that_drip_are_given_up_and_take_no_place():
    with serving(limits=Limits(body_seconds=2.0, max_requests=16)) as served:
        image = drawn()
        slow = [post(port_of(served), image) for _ in range(16)]
        stops = threading.Event()

        def drip() -> None:
            for at in range(len(image)):
                for client in slow:
                    with contextlib.suppress(OSError):
                        client.send(image[at : at + 1])
                if stops.wait(0.1):
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            assert served.predict(image)[0]["faces"]
            answer_in_time(port_of(served))
            assert all(b" 408 " in read_all(client) for client in slow)
            assert served.predict(image)[0]["faces"]
        finally:
            stops.set()
            dripping.join()
            for client in slow:
                client.close()


def test_a_flood_of_web_sockets_keeps_nobody_out():
    request = (
        b"GET /v1/live HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with serving() as served:
        flood = [send(port_of(served), request) for _ in range(600)]
        assert served.predict(drawn())[0]["faces"]
        answer_in_time(port_of(served))
        received = [client.recv(16) for client in flood]
        assert all(answer.startswith(b"HTTP/1.1 101") for answer in received)
        for client in flood:
            client.close()
        wait_until(lambda: not served.service.pool.n_sessions)


def test_load_of_twenty_seconds():
    arguments = [sys.executable, str(BENCHMARK), "--alone", "--seconds", "20", "--rounds", "1"]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert " 0 wrong, 0 lost" in ended.stdout


def workers(process):
    found = []
    for each in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
            if "emoclass.serving.worker" in each.cmdline():
                found.append(each)
    return found


def test_crashes_and_reloads_under_load_lose_nothing(benchmark, asked):
    with command("--workers", "2") as (port, process):

        def disturb() -> None:
            time.sleep(2)
            workers(process)[0].send_signal(signal.SIGKILL)
            time.sleep(4)
            workers(process)[-1].send_signal(signal.SIGSEGV)
            time.sleep(2)
            process.send_signal(signal.SIGHUP)

        disturbing = threading.Thread(target=disturb)
        disturbing.start()
        tally = asyncio.run(benchmark.load(port, benchmark.plan(*asked, 10_000, only=None), 12, 14.0))
        disturbing.join()
        assert (tally.wrong, tally.lost) == ([], [])
        assert tally.images > 20


def test_an_end_under_load_finishes_what_was_begun(benchmark, asked):
    with command("--workers", "1") as (port, process):
        threading.Timer(4, process.terminate).start()
        # More than it can answer until its end: the rest is refused.
        tally = asyncio.run(benchmark.load(port, benchmark.plan(*asked, 3000, only=None), 6, 120.0))
        assert tally.wrong == [] and tally.images > 5
        # A connection that was not accepted yet when the service stopped to listen is reset.
        assert {"ConnectionRefusedError"} <= {each.split("(")[0] for each in tally.lost} <= REFUSED
