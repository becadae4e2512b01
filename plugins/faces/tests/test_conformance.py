"""The conformance kit on the plugin."""

import pytest

from emoclass.testing import parametrize_with_checks


@pytest.fixture(autouse=True)
def small_network(monkeypatch):
    """Build the network with few channels and blocks, by the defaults of these options: the code is the same.

    `test_faces_model.py` exports it at its full size.
    """
    from emoclass_faces import model

    monkeypatch.setitem(model.build.__kwdefaults__, "widths", (8, 12))
    monkeypatch.setitem(model.build.__kwdefaults__, "blocks", (2, 1))


@parametrize_with_checks("faces")
def test_conforms(check):
    check()
