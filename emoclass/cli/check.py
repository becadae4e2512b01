"""`emoclass plugins check`: run the conformance kit on a plugin."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from emoclass.cli.output import json_option, print_json
from emoclass.errors import ConfigError, MissingPackageError
from emoclass.keras_backend import require_keras

if TYPE_CHECKING:
    from emoclass.testing.run import CheckResult

_WORDS = {
    "passed": ("ok", "green"),
    "failed": ("FAILED", "red"),
    "skipped": ("skipped", "yellow"),
    "expected failure": ("expected", "yellow"),
}


@click.command("check")
@click.argument("name")
@click.option(
    "--only", multiple=True, metavar="CHECK", help="Run only this check, such as check_output. May be repeated."
)
@click.option("--expect", multiple=True, metavar="CHECK=REASON",
              help="A check that is expected to fail, and why; if it passes, that counts as a failure. May be "
                  "repeated.")  # fmt: skip
@json_option
def check_plugin(name: str, only: tuple[str, ...], expect: tuple[str, ...], as_json: bool) -> None:
    """Check that a plugin fulfills its contracts. NAME is an installed plugin, or the path of a one-file plugin.

    These are the same checks that emoclass.testing provides for pytest. Exits with code 1 if one fails.
    """
    from emoclass.testing.run import collect_checks, match_reasons, run_check, select

    checks = collect_checks(name)
    reasons = match_reasons(checks, _reasons(expect))
    wanted = {str(check) for key in only for check in select(checks, key, "--only")}
    checks = [check for check in checks if not only or str(check) in wanted]
    if any(check.kind in ("model", "recipe") for check in checks):
        with suppress(MissingPackageError):  # the checks that need it are skipped, each with the reason
            require_keras()
    width = max(len(check.name) for check in checks)
    if not as_json:
        click.secho(f"{'check':<{width}}    result    seconds", bold=True)
    results: list[CheckResult] = []
    for check in checks:
        target = f"{check.kind} {check.target}"
        if not as_json and (not results or target != f"{results[-1].check.kind} {results[-1].check.target}"):
            click.secho(target, bold=True)
        results.append(run_check(check, expected_failure=reasons.get(str(check))))
        if not as_json:
            _print(results[-1], width)
    counts = {status: sum(result.status == status for result in results) for status in _WORDS}
    if as_json:
        counted = {status.replace(" ", "_"): count for status, count in counts.items()}
        print_json({"plugin": checks[0].plugin.name, **counted, "checks": [result.to_json() for result in results]})
    else:
        _print_failures(results)
        totals = [f"{count} {status}" for status, count in counts.items() if count or status != "expected failure"]
        click.echo("\n" + ", ".join(totals))
    sys.exit(1 if counts["failed"] else 0)


def _reasons(expect: tuple[str, ...]) -> dict[str, str]:
    reasons = {}
    for each in expect:
        key, separator, reason = each.partition("=")
        if not separator:
            raise ConfigError(
                f"--expect {each}: expected CHECK=REASON.", hint="For example --expect check_learns=slow."
            )
        reasons[key] = reason
    return reasons


def _print(result: CheckResult, width: int) -> None:
    word, color = _WORDS[result.status]
    line = f"{result.check.name:<{width}}  {click.style(f'{word:<8}', fg=color)}  {result.seconds:7.2f}"
    click.echo(f"  {line}  {result.message}" if result.status in ("skipped", "expected failure") else f"  {line}")


def _print_failures(results: list[CheckResult]) -> None:
    for result in results:
        if result.status == "failed":
            click.echo(f"\n{click.style(result.check.name, fg='red', bold=True)}\n  {result.message}")
