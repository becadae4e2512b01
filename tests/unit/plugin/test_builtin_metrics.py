import inspect
import subprocess
import sys

import pytest

from emoclass.plugin.builtins.metrics import BUILTIN_METRICS
from emoclass.values.references import resolve


def test_names_and_order():
    assert [spec.name for spec in BUILTIN_METRICS] == [
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "precision_per_class",
        "recall_per_class",
        "f1_per_class",
        "roc_auc",
        "average_precision",
        "log_loss",
        "brier_score",
        "expected_calibration_error",
        "cohen_kappa",
        "annotator_agreement",
        "human_ceiling",
        "vote_divergence",
        "confusion_matrix",
    ]


@pytest.mark.parametrize("spec", BUILTIN_METRICS, ids=lambda spec: spec.name)
def test_code_is_there_and_takes_what_the_contract_passes(spec):
    parameters = inspect.signature(resolve(spec.compute)).parameters
    assert list(parameters) == [
        "y_true", "y_score", "labels", *(["votes"] if spec.takes_votes else []), "sample_weight",
        *(["bins"] if "bins" in parameters else []),
    ]  # fmt: skip
    if spec.counts:
        assert list(inspect.signature(resolve(spec.counts)).parameters) == ["y_true", "y_score", "labels"]
    assert spec.summary.endswith(".")
    assert spec.reference


def test_the_core_plugin_imports_no_numpy():
    code = (
        "import sys, emoclass.plugin.builtins;"
        "print([name for name in ('numpy', 'scipy', 'sklearn', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_measuring_imports_no_tensorflow():
    code = (
        "import sys, emoclass.evaluation.evaluate, emoclass.evaluation.probability_metrics;"
        "print([name for name in ('keras', 'tensorflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
