"""Checks of every description, whatever its kind."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from emoclass.errors import PluginError
from emoclass.testing.case import Case
from emoclass.values.labels import canonical
from emoclass.values.references import Ref, describe, resolve
from emoclass.values.specs import DatasetSpec, DetectorSpec, MetricSpec, ModelSpec, Recipe, Spec


def check_spec_is_valid(case: Case[Spec]) -> None:
    """Every field has its type and range, the name can be typed, and the summary is a sentence.

    The summary is all that `emoclass models list` and its like tell of it.
    """
    spec = case.spec
    try:
        type(spec)(**dict(spec))
    except ValidationError as error:
        found = error.errors()[0]
        case.fail(
            expected=f"a valid {type(spec).__name__}",
            got=f"{'.'.join(map(str, found['loc']))}: {found['msg']}",
            change="Make it with its constructor, which checks it.",
        )
    if len(spec.summary.split()) < 2 or "\n" in spec.summary:
        case.fail(
            expected="a summary of one sentence", got=repr(spec.summary), change="Say in a line what it is, for lists."
        )
    if isinstance(spec, DatasetSpec):
        if not spec.emotions or len(set(spec.emotions)) < len(spec.emotions):
            case.fail(
                expected="emotions, each once", got=str(list(spec.emotions)), change="List what the dataset can hold."
            )
        for emotion in spec.emotions:
            known = canonical(emotion)
            if known not in (None, emotion):
                case.fail(
                    expected=f"emotions by their ids, here {known!r}",
                    got=repr(emotion),
                    change="Only samples may use other words.",
                )


def check_references_resolve(case: Case[Spec]) -> None:
    """Everything that the description names is there and can be called.

    A reference is text: nothing else would notice a slip of the pen before a user's run does.
    """
    for field, ref in _references(case.spec):
        try:
            found = resolve(ref)
        except PluginError as error:
            case.fail(expected=f"{field} to name something that is there", got=error.message, change=_hint(error))
        if not callable(found):
            case.fail(
                expected=f"{field} to name a function or class",
                got=f"{describe(ref)}, a {type(found).__name__}",
                change="Name what is to be called.",
            )


def _hint(error: PluginError) -> str:
    return error.hint or "Fix the reference, or the object it names."


def _references(spec: Spec) -> Iterator[tuple[str, Ref]]:
    if isinstance(spec, Recipe):
        yield from _components(spec.config, "config")
        return
    for field in ("load", "read_sample", "make_tiny", "build", "compute", "weighted", "counts", "transform"):
        ref = getattr(spec, field, None)
        if ref is not None:
            yield field, ref


def _components(value: Any, where: str) -> Iterator[tuple[str, Ref]]:
    if isinstance(value, dict):
        if isinstance(value.get("ref"), str):
            yield f"{where}.ref", value["ref"]
        for key, each in value.items():
            yield from _components(each, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _components(each, f"{where}[{number}]")


def check_signatures(case: Case[Spec]) -> None:
    """Every function takes the arguments that it will be given; options of its own have defaults.

    A run without options must work: `load(root)`, `build(labels=..., image_shape=..., seed=...)`.
    """
    for field, (positional, by_name) in _calls(case.spec).items():
        ref = getattr(case.spec, field)
        if ref is None:
            continue
        try:
            signature = inspect.signature(resolve(ref))
        except PluginError:
            case.skip(f"{field} cannot be found: check_references_resolve says why")
        except ValueError:  # some builtins have none
            continue
        try:
            signature.bind(*positional, **dict.fromkeys(by_name))
        except TypeError as error:
            given = ", ".join([*positional, *(f"{name}=..." for name in by_name)])
            case.fail(
                expected=f"{field} to be callable as {field}({given})",
                got=f"{describe(ref)}{signature}: {error}",
                change="Take these arguments, and give a default to every other.",
            )


def _calls(spec: Spec) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the arguments that the framework gives to each function: by position, and by name."""
    if isinstance(spec, DatasetSpec):
        return {
            "load": (("root",), ("labels",) if spec.takes_labels else ()),
            "read_sample": (("root", "sample"), ()),
            "make_tiny": (("root",), ()),
        }
    if isinstance(spec, ModelSpec):
        return {"build": ((), ("labels", "image_shape", "seed"))}
    if isinstance(spec, MetricSpec):
        votes = ("votes",) if spec.takes_votes else ()
        return {
            "compute": (("y_true", "y_score"), ("labels", "sample_weight", *votes)),
            "weighted": (("y_true", "y_score"), ("labels", *votes)),
            "counts": (("y_true", "y_score"), ("labels", *votes)),
            "transform": (("proportion",), ()),
        }
    if isinstance(spec, DetectorSpec):
        return {"build": ((), ())}
    return {}


CHECKS = (check_spec_is_valid, check_references_resolve)
"""For every kind."""

CODE_CHECKS = (check_signatures,)
"""For the kinds that name functions of their own."""
