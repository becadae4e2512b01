"""Plugins that are odd and right: no check may complain. Each file in right/ says what is odd about it."""

import sys
from pathlib import Path

import pytest
from tiny import tiny_registry

from emoclass.testing.run import run_checks

RIGHT = sorted(Path(__file__).with_name("right").glob("*.py"))


@pytest.mark.parametrize("path", RIGHT, ids=lambda path: path.stem)
def test_no_check_complains_of_what_is_right(path):
    results = list(run_checks(path, registry=tiny_registry()))
    sys.modules.pop(path.stem, None)
    assert [result.message for result in results if result.status == "failed"] == []
    assert {"check_loads", "check_spec_is_valid"} <= {each.check.name for each in results if each.status == "passed"}
