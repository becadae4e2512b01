"""The conformance kit on the plugin."""

from emoclass.testing import parametrize_with_checks


@parametrize_with_checks("yunet")
def test_conforms(check):
    check()
