"""The conformance kit on every dataset of the distribution."""

from emoclass.testing import parametrize_with_checks


@parametrize_with_checks("datasets")
def test_conforms(check):
    check()
