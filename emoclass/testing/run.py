"""Collect the checks of a plugin, and run them."""

from __future__ import annotations

import contextlib
import importlib
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from emoclass.errors import ConfigError, EmoclassError, MissingPackageError
from emoclass.keras_backend import require_keras
from emoclass.plugin.configure import load_plugin
from emoclass.plugin.diagnosis import explain
from emoclass.plugin.registry import PluginInfo, Registry
from emoclass.suggestions import did_you_mean
from emoclass.testing.case import Case, CheckFailed, CheckSkipped
from emoclass.testing.checks import CHECKS, CheckFunction
from emoclass.values.kinds import kind_of

Status = Literal["passed", "failed", "skipped", "expected failure"]


@dataclass(frozen=True)
class Check:
    """One check of one thing that a plugin offers; calling it runs it.

    Attributes:
        function: The check.
        registry: All plugins.
        plugin: The plugin that is checked.
        kind: `plugin`, or what the spec describes: `dataset`, `model` ...
        spec: What is checked; None for the plugin as a whole.

    Raises:
        CheckFailed: On a call: the plugin is at fault.
        CheckSkipped: On a call: the check does not apply.
    """

    function: CheckFunction
    registry: Registry
    plugin: PluginInfo
    kind: str
    spec: Any = None

    @property
    def name(self) -> str:
        """The check's name, as in `check_output`."""
        return self.function.__name__

    @property
    def target(self) -> str:
        """What is checked: the name of the spec, or of the plugin."""
        return self.spec.name if self.spec is not None else self.plugin.name

    @property
    def keys(self) -> tuple[str, str, str]:
        """What it may be called: by its name, or by its name and what it checks."""
        return self.name, f"{self.name}[{self.target}]", f"{self.name}[{self.kind} {self.target}]"

    def __str__(self) -> str:
        return f"{self.kind}-{self.target}-{self.name}"

    def __call__(self) -> None:
        """Run the check in an empty temporary folder."""
        if self.kind in ("model", "recipe"):
            with contextlib.suppress(MissingPackageError):  # some checks do without
                importlib.import_module("emoclass.training")  # brings Keras in without its page of remarks
        with tempfile.TemporaryDirectory(prefix="emoclass-check-") as scratch:
            case = Case(self.registry, self.plugin, self.spec, Path(scratch).resolve())
            try:
                with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):  # stdout is for results
                    warnings.simplefilter("default")  # shown, and the same verdict wherever warnings are errors
                    # Keras asks TensorFlow's tensors for arrays in NumPy 1's way: no author can fix that.
                    warnings.filterwarnings("ignore", "__array__ implementation doesn't", DeprecationWarning)
                    with _standard_settings(self.kind):
                        self.function(case)
            except (CheckFailed, CheckSkipped):
                raise
            except MissingPackageError as error:
                raise CheckSkipped(str(error)) from error
            except EmoclassError as error:
                said = str(error).removeprefix(f"{self.kind} {self.target!r}: ")
                raise CheckFailed(f"{case.subject}: {said}") from error
            except (Exception, SystemExit) as error:
                said = f"{case.subject}: expected no error, got {explain(error)} Requirement: {_demand(self.function)}"
                raise CheckFailed(said) from error


def _standard_settings(kind: str) -> contextlib.AbstractContextManager[None]:
    """Return what keeps the settings of Keras that are the caller's out of the checks of models."""
    if kind != "model":
        return contextlib.nullcontext()
    try:
        require_keras()
    except MissingPackageError:  # some checks do without Keras, and the others say that it is missing
        return contextlib.nullcontext()
    from emoclass.training.settings import standard_settings

    return standard_settings()


def _demand(function: CheckFunction) -> str:
    return (function.__doc__ or "").strip().partition("\n")[0]


@dataclass(frozen=True)
class CheckResult:
    """How a check ended.

    Attributes:
        check: The check.
        status: `failed` also where an expected failure passed.
        message: What is wrong, or why it was skipped or expected to fail; empty where it passed.
        seconds: How long it took.
    """

    check: Check
    status: Status
    message: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON types."""
        return {
            "check": self.check.name,
            "kind": self.check.kind,
            "target": self.check.target,
            "status": self.status,
            "message": self.message,
            "seconds": round(self.seconds, 3),
        }


def collect_checks(plugin: object, registry: Registry | None = None) -> list[Check]:
    """List the checks of a plugin; none is run.

    Args:
        plugin: An installed plugin's name, the path of a one-file plugin, or a module or object with hooks.
        registry: All plugins; None discovers the installed ones. A file or object is loaded into it.

    Returns:
        The checks of the plugin as a whole, then those of everything that it offers. A plugin that cannot be
        loaded has the first alone.

    Raises:
        UnknownNameError: There is no such plugin.
        DuplicateNameError: There are several.
    """
    registry = registry or Registry.discover()
    info = _find(plugin, registry)
    checks = [Check(function, registry, info, "plugin") for function in CHECKS["plugin"]]
    if info.error:
        return checks[:1]
    for catalog in registry.catalogs().values():
        for spec in catalog.of(info.name):
            kind = kind_of(spec)
            checks += [Check(function, registry, info, kind, spec) for function in CHECKS[kind]]
    return checks


def _find(plugin: object, registry: Registry) -> PluginInfo:
    if not isinstance(plugin, str | Path):
        for info in registry.plugins.values():
            if not info.error and registry.module(info.name) is plugin:
                return info
        is_module = isinstance(plugin, ModuleType)
        name = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__name__
        info = PluginInfo(name, origin=name if is_module else "this process", entry=name if is_module else None)
        registry.register(plugin, info)
        return info
    name, origin = str(plugin), None
    try:
        return registry.plugins[load_plugin(registry, name)]
    except EmoclassError:
        if name.endswith(".py"):
            name, origin = Path(name).stem, str(Path(name).expanduser().resolve())
        info = registry.plugins.get(name, PluginInfo(name, disabled=True))
        if info.disabled or info.rivals or origin not in (None, info.origin):
            raise
        return info


def run_checks(
    plugin: object, *, expected_failures: Mapping[str, str] | None = None, registry: Registry | None = None
) -> Iterator[CheckResult]:
    """Run the checks of a plugin one after the other.

    Args:
        plugin: As for `collect_checks`.
        expected_failures: Check -> why it fails; the check is `check_output`, or `check_output[small]` or
            `check_output[model small]` for what is named small alone.
            One that passes is a failure: the reason has gone.
        registry: As for `collect_checks`.

    Yields:
        A result for each check, as soon as it is there.

    Raises:
        UnknownNameError: There is no such plugin.
        ConfigError: An expected failure names no check, or gives no reason.
    """
    checks = collect_checks(plugin, registry)
    reasons = match_reasons(checks, expected_failures or {})
    for check in checks:
        yield run_check(check, expected_failure=reasons.get(str(check)))


def run_check(check: Check, *, expected_failure: str | None = None) -> CheckResult:
    """Run one check.

    Args:
        check: The check.
        expected_failure: Why it is expected to fail, if it is.
    """
    started = time.perf_counter()
    status, message = _outcome(check, expected_failure)
    return CheckResult(check, status, message, time.perf_counter() - started)


def _outcome(check: Check, reason: str | None) -> tuple[Status, str]:
    try:
        check()
    except CheckSkipped as skipped:
        return "skipped", str(skipped)
    except CheckFailed as failed:
        return ("expected failure", reason) if reason else ("failed", str(failed))
    if reason:
        return "failed", f"expected a failure ({reason}), and it passed. Take it out of expected_failures."
    return "passed", ""


def match_reasons(checks: list[Check], expected_failures: Mapping[str, str]) -> dict[str, str]:
    """Return check id -> reason for the checks that are expected to fail.

    Raises:
        ConfigError: A key names no check, or a reason is empty.
    """
    for key, reason in expected_failures.items():
        if not isinstance(reason, str) or not reason.strip():
            raise ConfigError(f"expected_failures: {key!r} has no reason.", hint="Say why the check fails.")
        select(checks, key, "expected_failures")
    return {str(check): reason for key, reason in expected_failures.items() for check in checks if key in check.keys}


def select(checks: list[Check], key: str, where: str) -> list[Check]:
    """Return the checks that a user means: `check_output`, `check_output[small]` or `check_output[model small]`.

    Of a plugin that cannot be loaded there is but one check, and any name stands for it: it says what to fix first.

    Raises:
        ConfigError: There is none of that name.
    """
    chosen = [check for check in checks if key in check.keys]
    if not chosen and checks[0].plugin.error and key.partition("[")[0] in _ALL:
        return checks
    if not chosen:
        known = sorted({key for check in checks for key in check.keys})
        names = dict.fromkeys(check.name for check in checks)
        raise ConfigError(
            f"{where}: the plugin has no check {key!r}.",
            hint=did_you_mean(key, known, instead=f"It has {', '.join(names)}."),
        )
    return chosen


_ALL = {function.__name__ for functions in CHECKS.values() for function in functions}
