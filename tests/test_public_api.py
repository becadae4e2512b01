"""The public names and signatures against the committed listing: changing one is a decision."""

from __future__ import annotations

import ast
import doctest
import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FENCE = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md"), *ROOT.glob("plugins/*/*.md"), *ROOT.glob("examples/*/*.md")])
PACKAGES = sorted([*ROOT.glob("examples/*/emoclass_*/**/*.py"), *ROOT.glob("plugins/*/emoclass_*/**/*.py")])


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
    assert any(
        line.startswith("    run(plugin: str | Path | None = None, *, out: ") and "epochs: int | None = ..." in line
        for line in listed
    )
    assert "        value_range: tuple[float, float] = (0.0, 1.0)" in listed
    assert "        index(self, emotion: str) -> int" in listed
    assert not [line for line in listed if (line.lstrip().startswith("_") and "__" not in line) or " at 0x" in line]


def codes(path):
    """Return the Python of a file, or of a page's fences."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return [text]
    parser = doctest.DocTestParser()
    return [
        "".join(example.source for example in parser.get_examples(code)) if code.startswith(">>>") else code
        for code in FENCE.findall(text)
    ]


def private_imports(code, api):
    """Return what a piece of code imports of emoclass and the listing does not have."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names if each.name.split(".")[0] == "emoclass"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "emoclass" and not node.level:
            public = api.names(node.module) if node.module in api.MODULES else []
            found += [f"{node.module}.{each.name}" for each in node.names if each.name not in public]
    return [name for name in found if name not in api.MODULES]


@pytest.mark.parametrize("path", [*PAGES, *PACKAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_and_plugins_import_only_what_is_public(path):
    assert [name for code in codes(path) for name in private_imports(code, generator())] == []


def test_a_private_import_is_seen():
    code = (
        "import emoclass.values.references\nfrom emoclass import hookimpl, references\n"
        "from emoclass.values.labels import EMOTIONS, _as_names"
    )
    assert private_imports(code, generator()) == [
        "emoclass.values.references",
        "emoclass.references",
        "emoclass.values.labels._as_names",
    ]
    assert private_imports("import numpy\nfrom .labels import x\nimport emoclass.values.labels", generator()) == []
