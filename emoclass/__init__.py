"""emoclass: classify emotions in images, with plugins and honest numbers.

The public names are resolved when they are first asked for (PEP 562): `import emoclass` costs
nothing, and only what trains imports TensorFlow.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emoclass.auditing.findings import Audit as Audit
    from emoclass.auditing.label_quality import SuspectedLabels as SuspectedLabels
    from emoclass.errors import EmoclassError as EmoclassError
    from emoclass.errors import WholePhotographWarning as WholePhotographWarning
    from emoclass.evaluation.decision import predicted_classes as predicted_classes
    from emoclass.inference.classifier import Classifier as Classifier
    from emoclass.inference.load import load as load
    from emoclass.plugin.hookspecs import hookimpl as hookimpl
    from emoclass.plugin.registry import Registry as Registry
    from emoclass.values.config import RunConfig as RunConfig
    from emoclass.values.evaluation import Evaluation as Evaluation
    from emoclass.values.faces import Face as Face
    from emoclass.values.faces import Framing as Framing
    from emoclass.values.labels import LabelScheme as LabelScheme
    from emoclass.values.results import FacePrediction as FacePrediction
    from emoclass.values.results import MetricValue as MetricValue
    from emoclass.values.results import PictureFaces as PictureFaces
    from emoclass.values.results import Prediction as Prediction
    from emoclass.values.results import Unreadable as Unreadable
    from emoclass.values.specs import DatasetSpec as DatasetSpec
    from emoclass.values.specs import DetectorSpec as DetectorSpec
    from emoclass.values.specs import MetricSpec as MetricSpec
    from emoclass.values.specs import ModelSpec as ModelSpec
    from emoclass.values.specs import Recipe as Recipe
    from emoclass.values.specs import Sample as Sample
    from emoclass.values.video import EmotionEvent as EmotionEvent
    from emoclass.values.video import Moment as Moment
    from emoclass.values.video import PersonSummary as PersonSummary
    from emoclass.values.video import TrackedPerson as TrackedPerson
    from emoclass.video.watcher import Watcher as Watcher
    from emoclass.workflows.audit import audit as audit
    from emoclass.workflows.compare import Comparison as Comparison
    from emoclass.workflows.compare import compare as compare
    from emoclass.workflows.crop import crop as crop
    from emoclass.workflows.cross_evaluate import CrossEvaluation as CrossEvaluation
    from emoclass.workflows.cross_evaluate import cross_evaluate as cross_evaluate
    from emoclass.workflows.cross_validate import StudyResult as StudyResult
    from emoclass.workflows.cross_validate import cross_validate as cross_validate
    from emoclass.workflows.cross_validate import repeat as repeat
    from emoclass.workflows.cross_validate import resume_study as resume_study
    from emoclass.workflows.evaluate import evaluate as evaluate
    from emoclass.workflows.run import RunResult as RunResult
    from emoclass.workflows.run import resume as resume
    from emoclass.workflows.run import run as run
    from emoclass.workflows.suspected_labels import suspected_labels as suspected_labels
    from emoclass.workflows.watch import Watching as Watching
    from emoclass.workflows.watch import watch as watch

_HOMES = {
    "Audit": "emoclass.auditing.findings",
    "Classifier": "emoclass.inference.classifier",
    "Comparison": "emoclass.workflows.compare",
    "CrossEvaluation": "emoclass.workflows.cross_evaluate",
    "DatasetSpec": "emoclass.values.specs",
    "DetectorSpec": "emoclass.values.specs",
    "EmoclassError": "emoclass.errors",
    "EmotionEvent": "emoclass.values.video",
    "Evaluation": "emoclass.values.evaluation",
    "Face": "emoclass.values.faces",
    "FacePrediction": "emoclass.values.results",
    "Framing": "emoclass.values.faces",
    "LabelScheme": "emoclass.values.labels",
    "MetricSpec": "emoclass.values.specs",
    "MetricValue": "emoclass.values.results",
    "ModelSpec": "emoclass.values.specs",
    "Moment": "emoclass.values.video",
    "PersonSummary": "emoclass.values.video",
    "PictureFaces": "emoclass.values.results",
    "Prediction": "emoclass.values.results",
    "Recipe": "emoclass.values.specs",
    "Registry": "emoclass.plugin.registry",
    "RunConfig": "emoclass.values.config",
    "RunResult": "emoclass.workflows.run",
    "Sample": "emoclass.values.specs",
    "StudyResult": "emoclass.workflows.cross_validate",
    "SuspectedLabels": "emoclass.auditing.label_quality",
    "TrackedPerson": "emoclass.values.video",
    "Unreadable": "emoclass.values.results",
    "Watcher": "emoclass.video.watcher",
    "Watching": "emoclass.workflows.watch",
    "WholePhotographWarning": "emoclass.errors",
    "audit": "emoclass.workflows.audit",
    "compare": "emoclass.workflows.compare",
    "crop": "emoclass.workflows.crop",
    "cross_evaluate": "emoclass.workflows.cross_evaluate",
    "cross_validate": "emoclass.workflows.cross_validate",
    "evaluate": "emoclass.workflows.evaluate",
    "hookimpl": "emoclass.plugin.hookspecs",
    "load": "emoclass.inference.load",
    "predicted_classes": "emoclass.evaluation.decision",
    "repeat": "emoclass.workflows.cross_validate",
    "resume": "emoclass.workflows.run",
    "resume_study": "emoclass.workflows.cross_validate",
    "run": "emoclass.workflows.run",
    "suspected_labels": "emoclass.workflows.suspected_labels",
    "watch": "emoclass.workflows.watch",
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
