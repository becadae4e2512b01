"""`emoclass plugins check`: run the conformance kit on a plugin."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

import click

from emoclass.cli.output import json_option, print_json
from emoclass.errors import ConfigError

if TYPE_CHECKING:
    from emoclass.testing.run import Check, CheckResult

_WORDS = {"passed": ("ok", "green"), "failed": ("FAILED", "red"), "skipped": ("skipped", "yellow")}


@click.command("check")
@click.argument("name")
@click.option("--only", multiple=True, metavar="CHECK", help="Run this check alone, as in check_output. Repeatable.")
@json_option
def check_plugin(name: str, only: tuple[str, ...], as_json: bool) -> None:
    """Check that a plugin keeps its contracts: an installed name, or the path of a one-file plugin.

    These are the checks that emoclass.testing offers to pytest. Exits with 1 if one fails.
    """
    from emoclass.testing.run import collect_checks, run_check

    checks = _chosen(collect_checks(name), only)
    width = max(len(check.name) for check in checks)
    results: list[CheckResult] = []
    for check in checks:
        target = f"{check.kind} {check.target}"
        if not as_json and (not results or target != f"{results[-1].check.kind} {results[-1].check.target}"):
            click.secho(target, bold=True)
        results.append(run_check(check))
        if not as_json:
            _print(results[-1], width)
    counts = {status: sum(result.status == status for result in results) for status in _WORDS}
    if as_json:
        print_json({"plugin": checks[0].plugin.name, **counts, "checks": [result.to_json() for result in results]})
    else:
        _print_failures(results)
        click.echo("\n" + ", ".join(f"{count} {status}" for status, count in counts.items()))
    sys.exit(1 if counts["failed"] else 0)


def _chosen(checks: list[Check], only: tuple[str, ...]) -> list[Check]:
    known = sorted({check.name for check in checks})
    for name in only:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"--only {name}: the plugin has no such check.",
                hint=f"Did you mean {close[0]!r}?" if close else f"It has {', '.join(known)}.",
            )
    return [check for check in checks if not only or check.name in only]


def _print(result: CheckResult, width: int) -> None:
    word, color = _WORDS[result.status]
    line = f"{result.check.name:<{width}}  {click.style(f'{word:<7}', fg=color)}  {result.seconds:6.2f} s"
    click.echo(f"  {line}  {result.message}" if result.status == "skipped" else f"  {line}")


def _print_failures(results: list[CheckResult]) -> None:
    for result in results:
        if result.status == "failed":
            click.echo(f"\n{click.style(result.check.name, fg='red', bold=True)}\n  {result.message}")
