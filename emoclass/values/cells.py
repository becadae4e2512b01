"""Cells of CSV files: text that a spreadsheet would take for a formula is quoted, and read back as it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What formulas begin with in the common spreadsheets.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""


def to_cell(value: Any) -> Any:
    """Return a value as it is written: text that begins like a formula gets a `'` before it; numbers stay.

    Example:
        >>> to_cell("=1+1.jpg"), to_cell("a=b.jpg"), to_cell("-0.5")
        ("'=1+1.jpg", 'a=b.jpg', '-0.5')
    """
    return f"'{value}" if isinstance(value, str) and _is_quotable(value) and not _is_number(value) else value


def from_cell(cell: str) -> str:
    """Return the text that `to_cell` was given.

    Example:
        >>> from_cell("'=1+1.jpg"), from_cell("'twas.jpg")
        ('=1+1.jpg', "'twas.jpg")
    """
    return cell[1:] if cell.startswith("'") and _is_quotable(cell) else cell


def from_cells(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of `csv.DictReader` with its texts as they were before they were written."""
    return {name: from_cell(cell) if isinstance(cell, str) else cell for name, cell in row.items()}


def to_cells(values: Iterable[Any]) -> list[Any]:
    """Return a row's values as they are written."""
    return list(map(to_cell, values))


def _is_quotable(text: str) -> bool:
    return text.lstrip("'").startswith(_FORMULA)  # quotes that were there before are told from ours


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
