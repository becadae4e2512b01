"""The conformance kit on what comes with emoclass: it takes the public door, and is held to the same contracts."""

from emoclass.testing import parametrize_with_checks


@parametrize_with_checks("builtins")
def test_conforms(check):
    check()
