"""What a check is given, and the two ways it ends early."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NoReturn, TypeVar

from emoclass.registry import PluginInfo, Registry
from emoclass.specs import DatasetSpec, MetricSpec, ModelSpec, Recipe, Spec

S = TypeVar("S")

KINDS: dict[type[Spec], str] = {DatasetSpec: "dataset", ModelSpec: "model", MetricSpec: "metric", Recipe: "recipe"}
"""What a spec describes, in the words of messages."""


class CheckFailed(AssertionError):  # noqa: N818 (an outcome, not an error of ours)
    """A plugin does not do what a check demands; the text says what was expected, what came back, what to change."""


class CheckSkipped(Exception):  # noqa: N818 (an outcome)
    """A check does not apply; the text says why."""


@dataclass(frozen=True)
class Case(Generic[S]):
    """One thing to check.

    Attributes:
        registry: All plugins, the checked one among them.
        plugin: The plugin that is checked.
        spec: What it offers and the check is about; None where a check is about the plugin as a whole.
        scratch: An empty folder, removed after the check.
    """

    registry: Registry
    plugin: PluginInfo
    spec: S
    scratch: Path

    @property
    def subject(self) -> str:
        """What messages call it: `model 'small' (plugin 'faces')`."""
        plugin = f"plugin {self.plugin.name!r}"
        return f"{KINDS[type(self.spec)]} {self.spec.name!r} ({plugin})" if isinstance(self.spec, Spec) else plugin

    def folder(self, name: str) -> Path:
        """Make an empty folder below the scratch folder."""
        path = self.scratch / name
        path.mkdir(parents=True)
        return path

    def fail(self, *, expected: str, got: str, change: str) -> NoReturn:
        """End the check: the plugin is at fault.

        Args:
            expected: What the contract demands, as in "output (batch, 5)".
            got: What came back.
            change: What its author should do, as a sentence.

        Raises:
            CheckFailed: Always.
        """
        got = got.rstrip(".")
        raise CheckFailed(f"{self.subject}: expected {expected}, got {got}{'' if got.endswith('?') else '.'} {change}")

    @contextlib.contextmanager
    def silent(self, what: str) -> Iterator[None]:
        """Fail if something is printed while the block runs: stdout is for results, such as the document of --json."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            yield
        lines = printed.getvalue().strip().splitlines()
        if lines:
            self.fail(
                expected=f"{what} to print nothing", got=repr(lines[0]), change="Use logging.getLogger(__name__)."
            )

    def skip(self, reason: str) -> NoReturn:
        """End the check: it does not apply.

        Raises:
            CheckSkipped: Always.
        """
        raise CheckSkipped(reason)
