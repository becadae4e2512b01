"""Checks of a recipe: its configuration, and one epoch of it."""

from __future__ import annotations

from typing import NoReturn

from emoclass.errors import DataError, EmoclassError
from emoclass.keras_backend import require_keras
from emoclass.plugin.configure import configure
from emoclass.testing.case import Case
from emoclass.testing.checks import spec
from emoclass.values.config import RunConfig, RuntimeConfig
from emoclass.values.references import resolve
from emoclass.values.specs import Recipe


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
            change=error.hint or "Fix the recipe's config.",
        )


def check_runs_one_epoch(case: Case[Recipe]) -> None:
    """One epoch on the dataset's tiny edition runs from end to end, report and all.

    What is tried nowhere fails at the first user's. The recipe's `runtime` is left out: it is about the machine.
    """
    require_keras()
    from emoclass.workflows.run import run_config

    config = _configured(case)
    dataset = case.registry.datasets.get(config.data.dataset, prefer=case.plugin.name)
    root = None
    if dataset.needs_root:
        if dataset.make_tiny is None:
            case.skip(f"the dataset {dataset.name!r} has no make_tiny")
        root = case.folder("tiny")
        resolve(dataset.make_tiny)(root)
    short = config.model_copy(
        update={
            "data": config.data.model_copy(update={"root": root}),
            "training": config.training.model_copy(update={"epochs": 1}),
            "evaluation": config.evaluation.model_copy(update={"resamples": 100}),
            "runtime": RuntimeConfig(),
        }
    )
    try:
        run_config(short, out=case.scratch / "runs", registry=case.registry, is_kept=False)
    except DataError as error:
        if dataset.needs_root and (config.data.options or config.labels.extra):
            case.skip(f"the tiny dataset does not know the recipe's options or labels ({error.message.rstrip('.')})")
        _fail(case, error)
    except EmoclassError as error:
        _fail(case, error)


def _fail(case: Case[Recipe], error: EmoclassError) -> NoReturn:
    case.fail(
        expected="one epoch on the tiny dataset to run",
        got=f"{type(error).__name__}: {error.message}",
        change=error.hint or "Run it yourself with --epochs 1 to see more.",
    )


CHECKS = (*spec.CHECKS, check_names_resolve, check_runs_one_epoch)
