"""The public names and signatures against the committed listing: changing one is a decision."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def generator():
    spec = importlib.util.spec_from_file_location("public_api", DOCS / "public_api.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_listing_is_that_of_the_code():
    listed = (DOCS / "public-api.txt").read_text(encoding="utf-8")
    assert listed == generator().listing(), "if the change is meant, see docs/compatibility.md and run: make api"


def test_the_listing_sees_names_signatures_fields_and_bases():
    listed = generator().listing().splitlines()
    assert "    class ConfigError(EmoclassError)" in listed
    assert "    register_models() -> Sequence[ModelSpec]" in listed
    assert any(line.startswith("    run(plugin: str | Path | None = None, *, data: ") for line in listed)
    assert "        value_range: tuple[float, float] = (0.0, 1.0)" in listed
    assert "        index(self, emotion: str) -> int" in listed
    assert not [line for line in listed if (line.lstrip().startswith("_") and "__" not in line) or " at 0x" in line]
