"""What workers answer, as it is sent."""

from __future__ import annotations

import io
import pickle

import pytest

from emoclass.serving.messages import LENGTH, Answer, Done, VideoAnswer, packed_answer, read_answer

ANSWERS = [
    Done(),
    Answer({"path": None, "faces": [{"box": [0.1, 2 / 3, 1e-9, 5], "label": "happy"}]}, n_faces=1),
    Answer(None, error="damaged image (\u00fc\n)"),
    VideoAnswer(200, b'{"labels":\n["\xc3\xbc"]}'),
    VideoAnswer(422, detail="video: it is none.", hint="Send one."),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_come_as_they_were_sent(answer):
    stream = io.BytesIO(packed_answer(answer))
    (length,) = LENGTH.unpack(stream.read(LENGTH.size))
    data = stream.read()
    assert len(data) == length
    assert read_answer(data) == answer


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\n",
        b"5",
        b"{}",
        b"[]",
        b'["Nothing", {}]',
        b'[{}, {"document": {}}]',
        b'["Answer", []]',
        b'["Answer", {}]',
        b'["Answer", {"document": {}, "other": 1}]',
        b'["VideoAnswer", {"status": 200, "document": ""}]',
        b'["Start", {"models": {}, "max_pixels": 1}]',
        b"[" * 100_000,
        pickle.dumps(ANSWERS[1]),
    ],
    ids=lambda data: repr(data[:30]),
)
def test_anything_else_is_refused(data):
    with pytest.raises(ValueError, match="not an answer"):
        read_answer(data)
