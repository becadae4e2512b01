"""emoclass: classify emotions in images, with plugins and honest numbers.

The public names are resolved when they are first asked for (PEP 562): `import emoclass` costs
nothing, and only what trains imports TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoclass.assess import cross_evaluate as cross_evaluate
    from emoclass.assess import evaluate as evaluate
    from emoclass.auditing.findings import Audit as Audit
    from emoclass.auditing.label_quality import SuspectedLabels as SuspectedLabels
    from emoclass.config import RunConfig as RunConfig
    from emoclass.contrast import compare as compare
    from emoclass.errors import EmoclassError as EmoclassError
    from emoclass.evaluated import CrossEvaluation as CrossEvaluation
    from emoclass.evaluated import Evaluation as Evaluation
    from emoclass.evaluation.comparison import Comparison as Comparison
    from emoclass.evaluation.decision import predicted_classes as predicted_classes
    from emoclass.hookspecs import hookimpl as hookimpl
    from emoclass.inference.classifier import Classifier as Classifier
    from emoclass.inference.load import load as load
    from emoclass.labels import LabelScheme as LabelScheme
    from emoclass.mislabeled import suspected_labels as suspected_labels
    from emoclass.registry import Registry as Registry
    from emoclass.results import MetricValue as MetricValue
    from emoclass.results import Prediction as Prediction
    from emoclass.results import RunResult as RunResult
    from emoclass.results import Unreadable as Unreadable
    from emoclass.runner import resume as resume
    from emoclass.runner import run as run
    from emoclass.specs import DatasetSpec as DatasetSpec
    from emoclass.specs import MetricSpec as MetricSpec
    from emoclass.specs import ModelSpec as ModelSpec
    from emoclass.specs import Recipe as Recipe
    from emoclass.specs import Sample as Sample
    from emoclass.studies import StudyResult as StudyResult
    from emoclass.study import cross_validate as cross_validate
    from emoclass.study import repeat as repeat
    from emoclass.study import resume_study as resume_study
    from emoclass.vet import audit as audit

_HOMES = {
    "Audit": "emoclass.auditing.findings",
    "Classifier": "emoclass.inference.classifier",
    "Comparison": "emoclass.evaluation.comparison",
    "CrossEvaluation": "emoclass.evaluated",
    "DatasetSpec": "emoclass.specs",
    "EmoclassError": "emoclass.errors",
    "Evaluation": "emoclass.evaluated",
    "LabelScheme": "emoclass.labels",
    "MetricSpec": "emoclass.specs",
    "MetricValue": "emoclass.results",
    "ModelSpec": "emoclass.specs",
    "Prediction": "emoclass.results",
    "Recipe": "emoclass.specs",
    "Registry": "emoclass.registry",
    "RunConfig": "emoclass.config",
    "RunResult": "emoclass.results",
    "Sample": "emoclass.specs",
    "StudyResult": "emoclass.studies",
    "SuspectedLabels": "emoclass.auditing.label_quality",
    "Unreadable": "emoclass.results",
    "audit": "emoclass.vet",
    "compare": "emoclass.contrast",
    "cross_evaluate": "emoclass.assess",
    "cross_validate": "emoclass.study",
    "evaluate": "emoclass.assess",
    "hookimpl": "emoclass.hookspecs",
    "load": "emoclass.inference.load",
    "predicted_classes": "emoclass.evaluation.decision",
    "repeat": "emoclass.study",
    "resume": "emoclass.runner",
    "resume_study": "emoclass.study",
    "run": "emoclass.runner",
    "suspected_labels": "emoclass.mislabeled",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 (the names are strings)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("emoclass")
    if name not in _HOMES:
        raise AttributeError(f"module 'emoclass' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
