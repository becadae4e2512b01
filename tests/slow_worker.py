"""A worker without models. Images say what it does before the answer.

`wait:SECONDS`; `hold:PATH`, until that file exists; `write:BYTES` as they are; `leave:SECONDS`: it closes its stdout,
and aborts after that time.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from emoclass.serving.child import begin
from emoclass.serving.messages import Answer, Done, Frame, Images, packed_answer, read_message


def main() -> None:
    """Answer until stdin ends."""
    answers = begin()

    def send(message: Answer | Done) -> None:
        answers.write(packed_answer(message))
        answers.flush()

    read_message(sys.stdin.buffer)
    time.sleep(float(os.environ.get("START_SECONDS", "0")))
    send(Done())
    while (message := read_message(sys.stdin.buffer)) is not None:
        match message:
            case Images():
                images = message.images
            case Frame():
                images = (message.data,)
            case _:
                images = ()
        for data in images:
            if data.startswith(b"wait:"):
                time.sleep(float(data.removeprefix(b"wait:").split()[0]))
            if data.startswith(b"hold:"):
                while not Path(os.fsdecode(data.removeprefix(b"hold:"))).exists():
                    time.sleep(0.01)
            if data.startswith(b"leave:"):
                answers.close()
                time.sleep(float(data.removeprefix(b"leave:")))
                os.abort()
            if data.startswith(b"write:"):
                answers.write(data.removeprefix(b"write:"))
            send(Answer({"pid": os.getpid()}))
        send(Done())


if __name__ == "__main__":
    main()
