"""A plugin that is right in all but one thing, which LiteRT does not know yet."""

from pathlib import Path

from emoclass.testing import parametrize_with_checks


@parametrize_with_checks(
    Path(__file__).with_name("broken") / "not_exportable.py",
    expected_failures={"check_exported_file_agrees": "LiteRT has no such operation yet"},
)
def test_conforms(check):
    check()
