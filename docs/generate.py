"""Write the generated sections of the documentation: `make docs`, or `python docs/generate.py`.

A section stands in a page between `<!-- generated: NAME -->` and `<!-- end generated -->`. Everything outside is
written by hand and left as it is. tests/test_docs.py compares the pages with what this file would write.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from emoclass.cli import cli
from emoclass.plugin.configure import configure
from emoclass.plugin.registry import Registry
from emoclass.testing.checks import CHECKS
from emoclass.testing.checks import spec as spec_checks
from emoclass.values.config import Component, CropConfig, RunConfig, TeacherConfig
from emoclass.values.labels import ALIASES, EMOTIONS, SCHEMES, canonical
from emoclass.values.references import resolve
from emoclass.values.specs import MetricSpec

DOCS = Path(__file__).parent
WIDTH = 100
"""Columns of a help page; fixed, so that the terminal has no say."""

_SECTION = re.compile(
    r"(<!-- generated: (?P<name>[a-z-]+)(?P<arguments>(?: \S+)*?) -->\n).*?(<!-- end generated -->)", re.DOTALL
)
_WORDS = {str: "string", int: "integer", float: "number", bool: "boolean", Path: "path", Any: "value"}
_BOUNDS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}


def main() -> None:
    """Write every page that has a generated section."""
    for page in pages():
        old = page.read_text(encoding="utf-8")
        new = regenerate(old)
        if new != old:
            page.write_text(new, encoding="utf-8")
            print(f"wrote {page.relative_to(DOCS.parent)}")


def pages() -> list[Path]:
    """Return the pages that have a generated section."""
    return [page for page in sorted(DOCS.rglob("*.md")) if _SECTION.search(page.read_text(encoding="utf-8"))]


def regenerate(text: str) -> str:
    """Return a page with its generated sections made anew."""
    return _SECTION.sub(
        lambda found: f"{found[1]}\n{SECTIONS[found['name']](*found['arguments'].split())}\n\n{found[4]}", text
    )


# Commands


def commands() -> Iterator[tuple[str, str]]:
    """Yield every command, groups before what they hold, as what is typed and its help page."""
    yield from _commands(cli, "emoclass", None)


def _commands(command: click.Command, name: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    context = click.Context(command, parent, info_name=name, terminal_width=WIDTH, **command.context_settings)
    yield context.command_path, context.get_help()
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None and not found.hidden:
                yield from _commands(found, child, context)


def cli_section() -> str:
    """Return a heading and the help page for every command."""
    return "\n\n".join(f"## `{path}`\n\n```text\n{text}\n```" for path, text in commands())


# Configuration


def tables() -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield every table of a config file with the class that describes it; the root table is called ''."""
    yield "", RunConfig
    for name, field in RunConfig.model_fields.items():
        nested = _model(field.annotation)
        if nested is not None:
            yield name, nested
        if name == "data":
            yield "data.crop", CropConfig
        if name == "training":
            yield "training.teacher", TeacherConfig
    yield "component", Component


def _model(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def configuration_section() -> str:
    """Return a table of keys for every table of a config file."""
    return "\n\n".join(_table(name, model) for name, model in tables())


def _table(name: str, model: type[BaseModel]) -> str:
    heading = {"": "## At the top", "component": "## A component"}.get(name, f"## `[{name}]`")
    summary = (inspect.getdoc(model) or "").split("\n\n")[0].replace("\n", " ")
    meanings = attributes(model)
    rows = [
        (f"`{key}`", _type(field.annotation, field), _default(field), meanings[key])
        for key, field in model.model_fields.items()
        if name or _model(field.annotation) is None
    ]
    return f"{heading}\n\n{summary}\n\n{_markdown(('Key', 'Type', 'Default', 'Meaning'), rows)}"


def attributes(model: type) -> dict[str, str]:
    """Return what a class's docstring says of each attribute, below its `Attributes:`.

    Example:
        >>> attributes(Component)["options"]
        'Keyword arguments.'
    """
    found: dict[str, str] = {}
    _, _, section = (inspect.getdoc(model) or "").partition("Attributes:\n")
    for line in section.splitlines():
        if not line.startswith("    "):
            break
        if line.startswith("     "):
            found[next(reversed(found))] += f" {line.strip()}"
        else:
            key, _, meaning = line.strip().partition(": ")
            found[key] = meaning
    return found


def _type(annotation: Any, field: FieldInfo | None = None) -> str:
    """Return a type in the words of a config file."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _bounded(_type(inner[0]), annotation.__metadata__)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(each, field) for each in inner if each is not type(None))
    if origin is Literal:
        return " or ".join(f"`{json.dumps(each)}`" for each in inner)
    if origin is tuple:
        return f"list of {_plural(_type(inner[0]))}"
    if origin in (dict, Mapping) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return "table" if inner[1] is Any else f"table of {_plural(_type(inner[1]))}"
    if annotation is CropConfig:
        return "table, see [`[data.crop]`](#datacrop)"
    if annotation is TeacherConfig:
        return "table, see [`[training.teacher]`](#trainingteacher)"
    if annotation is Component:
        return "[component](#a-component)"
    if _model(annotation) is not None:
        return f"table of {' and '.join(f'`{key}`' for key in annotation.model_fields)}"
    return _bounded(_WORDS[annotation], field.metadata if field else ())


def _plural(text: str) -> str:
    word, comma, bounds = text.partition(",")
    return f"{word}s{comma}{bounds}" if word in _WORDS.values() else text.replace("[component]", "[components]")


def _bounded(text: str, constraints: Any) -> str:
    """Add the bounds that pydantic's constraints set."""
    found = {key: getattr(each, key) for each in _flattened(constraints) for key in _BOUNDS if hasattr(each, key)}
    words = [
        _BOUNDS[key].format(f"{value:g}" if value < 10_000 else f"{value:,}")
        for key, value in found.items()
        if value is not None
    ]
    return ", ".join([text, " and ".join(words)]) if words else text


def _flattened(constraints: Any) -> Iterator[Any]:
    for each in constraints:
        yield from each.metadata if isinstance(each, FieldInfo) else [each]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, Component):
        return f'`{{ ref = "{value.ref}" }}`'
    if isinstance(value, Mapping):
        return "`{}`"
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, default=str)}`"


def example_section() -> str:
    """Return the reference plugin's experiment as the config file that its run folder holds."""
    config = configure(Registry.discover(), options={"plugin": "happysad"})
    return f"```toml\n{config.to_toml().strip()}\n```"


# Emotions

WHOSE_SCHEME = {
    "happysad": "The reference plugin `happysad`.",
    "basic5": "FER2013 without `disgusted`, its rarest class, and without `neutral`.",
    "ekman6": "Ekman's six basic emotions.",
    "fer7": "FER2013 and RAF-DB: the six, and neutral.",
    "affectnet8": "AffectNet and FER+: the seven, and contempt.",
}


def emotions_section() -> str:
    """Return a table of the emotions and the other words for them."""
    words = {emotion: [word for word, meant in ALIASES.items() if meant == emotion] for emotion in EMOTIONS}
    return _markdown(("Emotion", "Also read as"), [(f"`{each}`", ", ".join(words[each])) for each in EMOTIONS])


def schemes_section() -> str:
    """Return a table of the schemes: the class index of each of their emotions."""
    rows = [
        (f"`{name}`", *(str(emotions.index(each)) if each in emotions else "" for each in EMOTIONS), WHOSE_SCHEME[name])
        for name, emotions in SCHEMES.items()
    ]
    return _markdown(("Scheme", *EMOTIONS, "Who uses such a set"), rows)


# Metrics


def metrics_section() -> str:
    """Return a table of the built-in metrics."""
    registry = Registry.discover()
    rows = [
        (
            f"`{spec.name}`",
            spec.summary,
            spec.kind.replace("_", " "),
            _interval(spec),
            _range(spec),
            spec.direction,
            f"`{spec.reference}`" if (spec.reference or "").startswith("sklearn.") else spec.reference or "",
        )
        for spec in registry.metrics.of("builtins")
    ]
    return _markdown(("Name", "What it is", "Kind", "Interval", "Range", "Better", "Agrees with"), rows)


def _interval(spec: MetricSpec) -> str:
    return spec.interval if spec.transform is None else f"{spec.interval}, transformed"


def _range(spec: MetricSpec) -> str:
    low, high = ("unbounded" if bound is None else f"{bound:g}" for bound in spec.bounds)
    return f"{low} to {high}" if high != "unbounded" else f"from {low}"


def _markdown(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# Public datasets


def dataset_table_section() -> str:
    """Return a table of what the public datasets call each emotion: one row each."""
    rows = []
    for spec in Registry.discover().datasets.of("datasets"):
        codes: dict[str, list[str]] = {}
        for code, word in spec.codes.items():
            codes.setdefault(canonical(word) or "", []).append(f"`{code}`" if code == word else _code(code, word))
        rows.append((f"[`{spec.name}`](#{spec.name})", *(", ".join(codes.get(each, [])) for each in (*EMOTIONS, ""))))
    return _markdown(("Dataset", *(f"`{each}`" for each in EMOTIONS), "No emotion"), rows)


def _code(code: str, word: str) -> str:
    """Return a code; of one that stands for no emotion, what it stands for as well."""
    return f"`{code}`" if canonical(word) else f"`{code}` ({word})"


def dataset_section(name: str) -> str:
    """Return what a public dataset's description says of its classes, its options and its owner's terms."""
    spec = Registry.discover().datasets.get(name)
    options = [
        f"`{each.name} = {json.dumps(each.default)}`"
        for each in list(inspect.signature(resolve(spec.load)).parameters.values())[1:]
    ]
    return "\n".join(
        [
            spec.summary,
            "",
            f"- Pictures: {'aligned face crops' if spec.expects == 'face_crop' else 'photographs'}",
            f"- Emotions: {', '.join(f'`{each}`' for each in EMOTIONS if each in spec.emotions)}",
            *([f"- No emotions: {', '.join(f'`{each}`' for each in spec.not_emotions)}"] if spec.not_emotions else []),
            *([f"- Options: {', '.join(options)}"] if options else []),
            f"- Terms: {spec.license}",
            f"- Cite: {spec.citation}",
            f"- From: <{spec.url}>",
        ]
    )


# Conformance kit


def checks_section() -> str:
    """Return a table of the checks, each with the first sentence of what it demands."""
    shared = (*spec_checks.CHECKS, *spec_checks.CODE_CHECKS)
    own = [(kind, check) for kind, checks in CHECKS.items() for check in checks if check not in shared]
    rows = [
        (kind, f"`{check.__name__}`", (inspect.getdoc(check) or "").partition("\n")[0])
        for kind, check in [*(("any", each) for each in shared), *own]
    ]
    return _markdown(("Of", "Check", "What it demands"), rows)


# Pieces of files that tests run


def snippet_section(file: str, *names: str) -> str:
    """Return a file of the project, or what it defines under some names at its top level, as a block of code."""
    text = (DOCS.parent / file).read_text(encoding="utf-8").strip()
    if names:
        text = "\n\n\n".join(_definition(text, name, file) for name in names)
    language = {".py": "python", ".toml": "toml", ".yml": "yaml"}.get(Path(file).suffix, "text")
    return f"```{language}\n{text}\n```"


def _definition(text: str, name: str, file: str) -> str:
    for node in ast.parse(text).body:
        targets = node.targets if isinstance(node, ast.Assign) else [node]
        if name in [getattr(target, "name", getattr(target, "id", None)) for target in targets]:
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
            return "\n".join(text.splitlines()[first - 1 : node.end_lineno])
    raise LookupError(f"{file}: nothing is called {name!r}")


SECTIONS: Mapping[str, Callable[..., str]] = {
    "checks": checks_section,
    "cli": cli_section,
    "configuration": configuration_section,
    "dataset": dataset_section,
    "dataset-table": dataset_table_section,
    "emotions": emotions_section,
    "example-config": example_section,
    "metrics": metrics_section,
    "schemes": schemes_section,
    "snippet": snippet_section,
}

if __name__ == "__main__":
    main()
