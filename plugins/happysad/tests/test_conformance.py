"""The conformance kit on the reference plugin."""

from emoclass.testing import parametrize_with_checks


@parametrize_with_checks("happysad")
def test_conforms(check):
    check()
