import os
import signal

import pytest

from emoclass.cli.interrupts import insisting
from emoclass.progress import Progress


@pytest.fixture
def listening():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_ctrl_c_that_was_swallowed_comes_again_at_the_next_step(listening):
    progress = Progress()
    with pytest.raises(KeyboardInterrupt), insisting(progress):
        progress.batch(1, 1, 1, 2)
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.sigtimedwait([], 5)  # at the latest here
        except KeyboardInterrupt:
            pass  # as a destructor would
        else:
            pytest.fail("no Ctrl-C came")
        progress.batch(1, 1, 2, 2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_process_that_is_deaf_to_ctrl_c_stays_so(listening):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with insisting(Progress()):
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
