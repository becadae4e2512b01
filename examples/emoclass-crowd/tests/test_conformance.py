"""What emoclass demands of every plugin."""

from emoclass.testing import parametrize_with_checks


@parametrize_with_checks("crowd")
def test_conforms(check):
    check()
