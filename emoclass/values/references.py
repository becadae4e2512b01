"""References to code by name: `package.module:attribute`, as entry points write them.

A spec that names its code does not import it, so that listing a plugin's models never loads Keras.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from emoclass.errors import ConfigError, ContractError, PluginError
from emoclass.keras_backend import require_keras
from emoclass.suggestions import did_you_mean

Ref = str | Callable[..., Any]


def resolve(ref: Ref) -> Any:
    """Return what a reference names; a callable stands for itself.

    Args:
        ref: `"package.module:attribute"` (dots in the attribute are followed), or a callable.

    Raises:
        PluginError: The text is no reference, the module cannot be imported, or it has no such attribute.
        ConfigError: The module needs Keras, which cannot be imported here; see `require_keras`.

    Example:
        >>> resolve("math:sqrt")(9.0)
        3.0
    """
    if callable(ref):
        return ref
    module_name, separator, attribute = ref.partition(":")
    if not (module_name and separator and attribute):
        raise PluginError(f"reference {ref!r}: expected 'package.module:attribute'.")
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("keras", "tensorflow"):
            require_keras(missing)
        raise PluginError(
            f"reference {ref!r}: module {module_name!r} cannot be imported ({error}).",
            hint="Install the package that provides it, or fix the reference.",
        ) from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise PluginError(
                f"reference {ref!r}: {module_name!r} has no attribute {attribute!r}.",
                hint=did_you_mean(part, dir(found)) or None,
            ) from error
    return found


def describe(ref: Ref) -> str:
    """Return a reference as text, for listings and messages."""
    if isinstance(ref, str):
        return ref
    module = getattr(ref, "__module__", "?")
    return f"{module}:{getattr(ref, '__qualname__', repr(ref))}"


def option_names(ref: Ref) -> tuple[str, ...]:
    """Return the names of the parameters of what a reference names; none of a builtin that does not tell.

    Example:
        >>> option_names("shutil:disk_usage")
        ('path',)
    """
    try:
        return tuple(inspect.signature(resolve(ref)).parameters)
    except ValueError:
        return ()


def call_with_options(ref: Ref, options: Mapping[str, Any], *args: Any, subject: str, **fixed: Any) -> Any:
    """Call what a reference names with options that a user wrote.

    Args:
        ref: What to call.
        options: Keyword arguments from a configuration.
        args: Positional arguments of ours.
        subject: What is being called, for the message.
        fixed: Keyword arguments of ours.

    Raises:
        ConfigError: It takes no such option. Whatever it raises itself passes through.
        ContractError: It does not take the arguments of ours.
    """
    function = resolve(ref)
    try:
        signature = inspect.signature(function)
    except ValueError:  # some builtins have none
        return function(*args, **fixed, **options)
    _check_fixed(ref, signature, args, fixed, subject)
    try:
        signature.bind(*args, **fixed, **options)
    except TypeError as error:
        known = [
            name
            for name, parameter in signature.parameters.items()
            if name not in fixed and parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        ][len(args) :]
        raise ConfigError(
            f"{subject}: options do not fit: {error}.", hint=f"It takes {', '.join(known) or 'no options'}."
        ) from error
    return function(*args, **fixed, **options)


def _check_fixed(
    ref: Ref, signature: inspect.Signature, args: tuple[Any, ...], fixed: Mapping[str, Any], subject: str
) -> None:
    """Refuse a function that does not take what it is always given: its author's mistake, and no option's."""
    try:
        signature.bind_partial(*args, **fixed)
    except TypeError as error:
        taken = ", ".join([f"{len(args)} by position"] * bool(args) + list(fixed))
        raise ContractError(
            f"{subject}: expected a function that takes {taken}, got {describe(ref)}{signature} ({error}).",
            hint="Add what is missing to its parameters.",
        ) from error
