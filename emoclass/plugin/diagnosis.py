"""What is wrong with a plugin, in words that its author can act on."""

from __future__ import annotations

import importlib.metadata
import inspect
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pluggy
import pydantic

from emoclass.errors import EmoclassError, PluginLoadError
from emoclass.plugin import hookspecs
from emoclass.plugin.hookspecs import HOOKSPEC_VERSION
from emoclass.suggestions import did_you_mean, sentence
from emoclass.values import specs

NEWER = "A newer emoclass may have it."
"""Ends the messages about what we do not know: the plugin may be right, and we too old."""

HOOKS: Mapping[str, Callable[..., Any]] = {
    name: value for name, value in vars(hookspecs).items() if hasattr(value, "emoclass_spec")
}
"""The hooks by name."""

_MACHINERY = [
    Path(__file__).parents[1],
    *(Path(module.__file__).parent for module in (importlib, pluggy, pydantic) if module.__file__ is not None),
]


def check_version(plugin: object) -> None:
    """Check that we speak the hook specification that a plugin was made for, where it says so.

    Raises:
        PluginLoadError: It was made for a newer one, or says no number.
    """
    version = getattr(plugin, "EMOCLASS_HOOKSPEC", HOOKSPEC_VERSION)
    if type(version) is not int or version < 1:
        raise PluginLoadError(f"EMOCLASS_HOOKSPEC: expected a whole number from 1, such as 1, got {version!r}.")
    if version > HOOKSPEC_VERSION:
        raise PluginLoadError(
            f"made for hook specification {version}, and this {_emoclass()} supports {HOOKSPEC_VERSION}.",
            hint="Upgrade emoclass.",
        )


def check_hooks(plugin: object, marks: Callable[[str], Mapping[str, Any] | None]) -> None:
    """Check that a plugin's hooks are marked, that there are such hooks, and that they take what they are given.

    Args:
        plugin: A module, or any object with hook implementations.
        marks: What `@hookimpl` left at the attribute of that name; None where it is not marked.

    Raises:
        PluginLoadError: One of them is not.
    """
    for name in HOOKS:
        if _is_own_function(plugin, name) and marks(name) is None:
            raise PluginLoadError(f"{name} is not marked: put @hookimpl above it.")
    for name in dir(plugin):
        mark = marks(name)
        if mark is None:
            continue
        hook = mark.get("specname") or name
        if hook in HOOKS:
            _check_arguments(hook, getattr(plugin, name))
        elif not mark.get("optionalhook"):
            guess = did_you_mean(hook, HOOKS, cutoff=0.8, capital=False)
            if guess:
                raise PluginLoadError(f"there is no hook {hook!r}; {guess}")
            raise PluginLoadError(f"there is no hook {hook!r} (known: {', '.join(HOOKS)}).", hint=NEWER)


def _is_own_function(plugin: object, name: str) -> bool:
    """Tell whether a plugin defines a function of that name itself, rather than having imported it."""
    if isinstance(plugin, ModuleType):
        function = vars(plugin).get(name)
        return isinstance(function, FunctionType) and function.__module__ == plugin.__name__
    return inspect.isroutine(getattr(plugin, name, None))


def _check_arguments(hook: str, implementation: Callable[..., Any]) -> None:
    known = list(inspect.signature(HOOKS[hook]).parameters)
    for name, parameter in inspect.signature(implementation).parameters.items():
        needed = parameter.default is parameter.empty
        if needed and name == "self":
            raise PluginLoadError("is a class, and its hooks are methods: name an instance of it.")
        if needed and name not in known and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            message = f"{hook}: there is no argument {name!r} ({_guess(name, known)})."
            raise PluginLoadError(message, hint=NEWER)


def _guess(name: str, known: Collection[str]) -> str:
    """Return what may have been meant by a name, or else what there is."""
    return did_you_mean(name, known, cutoff=0.5, instead=f"known: {', '.join(known) or 'none'}", capital=False)


def explain(error: BaseException) -> str:
    """Return in a line what went wrong in a plugin, and where."""
    if isinstance(error, pydantic.ValidationError):
        return _explain_validation(error)
    text = " ".join(str(error).split())
    if isinstance(error, EmoclassError):
        return sentence(text)
    place = _place(error)
    reason = sentence(f"{type(error).__name__}{f': {text}' if text else ''}{f' ({place})' if place else ''}")
    ours = isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "emoclass"
    return f"{reason} {NEWER}" if ours else reason


_UNKNOWN_FIELD = ("extra_forbidden", "unexpected_keyword_argument")
"""What pydantic calls it, of a model and of a dataclass."""


def _explain_validation(error: pydantic.ValidationError) -> str:
    known = list(getattr(getattr(specs, error.title, None), "__pydantic_fields__", {}))
    errors = error.errors(include_url=False)
    text = "; ".join(_explain_field(each, known) for each in errors)
    newer = f" {NEWER}" if known and any(each["type"] in _UNKNOWN_FIELD for each in errors) else ""
    place = _place(error)
    return sentence(f"{error.title}{f' ({place})' if place else ''}: {text}") + newer


def _explain_field(error: Mapping[str, Any], known: list[str]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] in _UNKNOWN_FIELD:
        return f"there is no field {where!r}" + (f" ({_guess(where, known)})" if known else "")
    if error["type"] == "missing":
        return f"{where!r} is required"
    message = str(error["msg"]).removeprefix("Value error, ")
    if not where or error["type"] == "value_error":
        return f"{where}: {message}" if where and not message.startswith(where) else message
    if error["type"] == "string_pattern_mismatch":  # names alone have a pattern
        message = "expected lower-case letters, digits, '-' and '_', the first a letter or digit"
    got = repr(error["input"])
    return f"{where}: {message[:1].lower()}{message[1:]}, got {got if len(got) <= 60 else f'{got[:60]}...'}"


def format_traceback(error: BaseException) -> str:
    """Return an error with its traceback, from where it reached the plugin on; ours before is left out."""
    trace = error.__traceback__
    while trace is not None and _is_machinery(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace)).rstrip()


def _place(error: BaseException) -> str:
    """Return the plugin's own line that led to an error: its last one, before the trace goes on into libraries."""
    trace = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    lines = [(Path(file), line) for file, line in trace if not _is_machinery(file)]
    if not lines:
        return ""
    first = lines[0][0]
    home = first.parent if first.name == "__init__.py" else first
    file, line = [each for each in lines if home in (each[0], *each[0].parents)][-1]
    return f"{file.relative_to(home.parent)}, line {line}"


def _is_machinery(file: str) -> bool:
    """Tell whether a file is ours, of a library that stands between us and a plugin, or none (frozen importlib)."""
    return file.startswith("<frozen") or any(folder in Path(file).parents for folder in _MACHINERY)


def _emoclass() -> str:
    try:
        return f"emoclass {importlib.metadata.version('emoclass')}"
    except importlib.metadata.PackageNotFoundError:
        return "emoclass"
