"""Checks of a recipe: its configuration, and one epoch of it."""

from __future__ import annotations

from emoclass.config import RunConfig
from emoclass.configure import configure
from emoclass.errors import EmoclassError
from emoclass.refs import resolve
from emoclass.specs import Recipe
from emoclass.testing.case import Case


def check_names_resolve(case: Case[Recipe]) -> None:
    """The configuration is complete and valid, and every name in it is offered by some plugin.

    `emoclass run --plugin NAME` runs it as it stands.
    """
    _configured(case)


def _configured(case: Case[Recipe]) -> RunConfig:
    try:
        return configure(case.registry, options={"plugin": case.plugin.name, "recipe": case.spec.name})
    except EmoclassError as error:
        case.fail(
            expected="a complete configuration whose names are known",
            got=error.message,
            change=error.hint or "Mend the recipe's config.",
        )


def check_runs_one_epoch(case: Case[Recipe]) -> None:
    """One epoch on the dataset's tiny edition runs from end to end, and gives the headline figures.

    What is tried nowhere fails at the first user's.
    """
    from emoclass.runner import run

    config = _configured(case)
    dataset = case.registry.datasets.get(config.data.dataset, prefer=case.plugin.name)
    root = None
    if dataset.needs_root:
        if dataset.make_tiny is None:
            case.skip(f"the dataset {dataset.name!r} has no make_tiny")
        root = case.folder("tiny")
        resolve(dataset.make_tiny)(root)
    try:
        result = run(
            case.plugin.name,
            recipe=case.spec.name,
            epochs=1,
            out=case.scratch / "runs",
            config={"evaluation": {"resamples": 100}, "data": {"root": str(root)} if root else {}},
            registry=case.registry,
        )
    except EmoclassError as error:
        case.fail(
            expected="one epoch on the tiny dataset to run",
            got=f"{type(error).__name__}: {error.message}",
            change=error.hint or "Run it yourself with --epochs 1 to see more.",
        )
    for name in result.headline:
        value = result.metrics[name]
        if value.value is None and not value.reason:
            case.fail(expected=f"{name} to have a value or a reason", got="neither", change="Return a number.")


CHECKS = (check_names_resolve, check_runs_one_epoch)
