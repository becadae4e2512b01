"""What a check is given, and the two ways it ends early."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NoReturn, TypeVar

from emoclass.plugin.registry import PluginInfo, Registry
from emoclass.values.kinds import kind_of
from emoclass.values.specs import Spec

S = TypeVar("S")


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
        return f"{kind_of(self.spec)} {self.spec.name!r} ({plugin})" if isinstance(self.spec, Spec) else plugin

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

    def ask_afresh(self, question: str, *arguments: str) -> Any:
        """Ask a process of its own about the plugin; see `emoclass.testing.fresh`.

        Raises:
            CheckSkipped: No other process can import it.
            CheckFailed: It does not load there.
        """
        if self.plugin.entry is None:
            self.skip("it is an object of this process: other processes cannot import it")
        done = subprocess.run(
            [sys.executable, "-m", "emoclass.testing.fresh", question, self.plugin.entry, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1",
            },
        )
        if done.returncode != 0:
            said = done.stderr.strip().splitlines()
            self.fail(
                expected="a plugin that works in a fresh process",
                got=said[-1] if said else f"exit code {done.returncode}",
                change="Do not rely on modules that this process loaded earlier.",
            )
        return json.loads(done.stdout.splitlines()[-1])

    def skip(self, reason: str) -> NoReturn:
        """End the check: it does not apply.

        Raises:
            CheckSkipped: Always.
        """
        raise CheckSkipped(reason)
