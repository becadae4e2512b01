"""Bodies in bounded memory."""

from __future__ import annotations

import tracemalloc

import pytest

pytest.importorskip("fastapi", reason="needs the serve extra")

from emoclass.serving.bodies import _from_json
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
