"""A worker without models, whose images say what it does with them: `wait:SECONDS`, or `fail` to start."""

from __future__ import annotations

import os
import sys
import time

from emoclass.serving.child import begin
from emoclass.serving.messages import Answer, Done, Frame, Images, packed, read_message


def main() -> None:
    """Answer until stdin ends."""
    answers = begin()

    def send(message: object) -> None:
        answers.write(packed(message))
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
            send(Answer({"pid": os.getpid()}))
        send(Done())


if __name__ == "__main__":
    main()
