"""Bodies in bounded memory."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

pytest.importorskip("fastapi", reason="needs the serve extra")

from starlette.requests import Request

from emoclass.serving.bodies import Memory, _from_json, read_body
from emoclass.serving.problems import ProblemError
from emoclass.serving.settings import Limits


def test_json_of_many_short_words_takes_a_few_times_its_size():
    body = b'{"images": ["' + b"AA " * 1_000_000 + b'"]}'
    tracemalloc.start()
    try:
        [upload], _ = _from_json(body, Limits())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert upload.data == bytes(1_500_000)
    assert peak < 5 * len(body)


@pytest.mark.parametrize("rest", [0, 1])
def test_fast_beginning_is_no_excuse_for_an_endless_rest(rest):
    """A client that leaves its network in the middle of a large upload would hold the memory for half an hour."""
    limits = Limits(body_seconds=0.3, min_rate=10_000)
    parts = [bytes(1_000_000)]

    async def receive():
        if not parts:
            await asyncio.sleep(0.05 if rest else 60)
        return {"type": "http.request", "body": parts.pop() if parts else bytes(rest), "more_body": True}

    async def read():
        scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
        memory = Memory(limits)
        async with asyncio.timeout(20), memory.request() as room:
            with pytest.raises(ProblemError) as raised:
                await read_body(Request(scope, receive), room, limits, limits.max_bytes)
        assert raised.value.status == 408
        assert (memory.held, memory.requests) == (0, 0)

    asyncio.run(read())
