"""Measure several trained models, each on the same datasets. Nothing here needs TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Unpack

from emoclass.errors import ConfigError
from emoclass.evaluation.comparison import short_names
from emoclass.inference.classifier import Classifier
from emoclass.inference.load import BUNDLE
from emoclass.values.evaluation import Evaluation, EvaluationMatrix
from emoclass.workflows.evaluate import Datasets, Options, Source, evaluate_all

__all__ = ["CrossEvaluation", "cross_evaluate"]


class CrossEvaluation(EvaluationMatrix):
    """Trained models, each measured on the same datasets: the matrix of evaluations, and its plot and page."""

    def write_plot(self, path: str | Path, *, metric: str | None = None) -> None:
        """Draw one metric of all models and datasets as a heat map into a PNG file.

        Args:
            path: The file.
            metric: As for `figures`.

        Raises:
            ConfigError: As `figures` does.
            OutputError: It cannot be written.
        """
        from emoclass.reporting.plots.heat_map import write_heat_map

        write_heat_map(self, Path(path), metric)

    def write_report(self, path: str | Path, *, metric: str | None = None) -> None:
        """Write all metrics as one self-contained HTML page, the heat map on top.

        Args:
            path: The file.
            metric: Which metric the heat map shows, as for `figures`.

        Raises:
            ConfigError: As `figures` does.
            OutputError: It cannot be written.
        """
        from emoclass.reporting.pages.cross_evaluation import write_cross_page

        write_cross_page(self, Path(path), metric)


def cross_evaluate(
    sources: Mapping[str, Source] | Iterable[Source], on: Datasets, **options: Unpack[Options]
) -> CrossEvaluation:
    """Measure several trained models, each on the same datasets.

    Without `metrics`, all models are measured by the built-in ones.

    Args:
        sources: What `emoclass.load` takes, or gives; or a name for each of these.
        on: As for `evaluate`.
        **options: As for `evaluate`. With `labels` all models choose among the same emotions, and so compare.

    Raises:
        ConfigError: No model, a name twice, or what `evaluate` refuses.
        EmoclassError: What `evaluate` raises.

    Example:
        >>> found = cross_evaluate(["runs/a", "runs/b"], {"folder": "photos/"}, labels="happy,sad")  # doctest: +SKIP
        >>> found.figures("accuracy")[1][0].value  # doctest: +SKIP
        0.75
    """
    named = dict(sources) if isinstance(sources, Mapping) else _named(sources)
    if not named:
        raise ConfigError("sources: expected at least one model, got none.")
    pairs = list(on.items() if isinstance(on, Mapping) else on)
    matrix = evaluate_all(named, pairs, **options)
    names, roots = [name for name, _ in pairs], short_names([Path(str(root or "")) for _, root in pairs])
    columns = [f"{name} in {root}" if names.count(name) > 1 else name for name, root in zip(names, roots, strict=True)]
    return CrossEvaluation(
        models=tuple(named),
        datasets=tuple(columns),
        matrix=tuple(map(tuple, matrix)),
        notes=tuple(_cross_notes(matrix, columns)),
    )


def _named(sources: Iterable[Source]) -> dict[str, Source]:
    """Name models by what tells their paths apart, classifiers by their own names."""
    given = [sources] if isinstance(sources, str | Path | Classifier) else list(sources)
    paths = iter(model_names([each for each in given if not isinstance(each, Classifier)]))
    names = [each.name if isinstance(each, Classifier) else next(paths) for each in given]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ConfigError(
            f"sources: expected different models, got {twice[0]} twice.",
            hint="To give each one a name, pass a mapping.",
        )
    return dict(zip(names, given, strict=True))


def model_names(sources: Iterable[str | Path]) -> list[str]:
    """Return what tells models apart: the last parts of their paths, of a run's bundle those of the run."""
    paths = [Path(source) for source in sources]
    return short_names([path.parent if path.name == BUNDLE and path.parent.name else path for path in paths])


def _cross_notes(matrix: Sequence[Sequence[Evaluation]], columns: Sequence[str]) -> Iterator[str]:
    """Say which cells compare, and once what several of them say."""
    models = [row[0].model for row in matrix]
    labels = [row[0].labels for row in matrix]
    if len(set(map(frozenset, labels))) > 1:
        among = ", ".join(f"{model}: {len(each)}" for model, each in zip(models, labels, strict=True))
        shared = [emotion for emotion in labels[0] if all(emotion in each for each in labels)]
        told = f" With the labels {','.join(shared)} all of them predict the same emotions." if len(shared) > 1 else ""
        yield (
            f"The models do not predict the same set of emotions ({among}). Fewer classes are easier to tell apart, "
            f"so only models with the same emotions are comparable.{told}"
        )
    elif len({row[0].task for row in matrix}) > 1:
        second = ", ".join(f"of {model} it is {each[1]}" for model, each in zip(models, labels, strict=True))
        yield (
            f"The models have their two labels in different orders. Precision, recall, F1 and average precision refer "
            f"to the second label ({second}): with the labels {','.join(labels[0])} they are comparable."
        )
    if any(len({frozenset(cell.shown) for cell in row}) > 1 for row in matrix):
        yield "The datasets do not contain the same emotions: the columns are not comparable."
    places: dict[str, list[tuple[str, str]]] = {}
    for row in matrix:
        for cell, column in zip(row, columns, strict=True):
            for note in cell.notes:
                places.setdefault(note, []).append((cell.model, column))
    for note, where in places.items():
        yield f"{_where(where, models, columns, is_of_model='model' in note)}{note}"


def _where(
    cells: Sequence[tuple[str, str]], models: Sequence[str], columns: Sequence[str], *, is_of_model: bool
) -> str:
    """Name the cells that a note is about, as whole rows or columns where it can be.

    A note that speaks of "the model" names the models also if it is about all of several.
    """
    rows, datasets = (list(dict.fromkeys(names)) for names in zip(*cells, strict=True))
    if len(cells) < len(rows) * len(datasets):
        return "; ".join(f"{model} on {column}" for model, column in cells) + ": "
    named = [*([", ".join(rows)] if len(rows) < len(models) or (is_of_model and len(models) > 1) else []),
             *([", ".join(datasets)] if len(datasets) < len(columns) else [])]  # fmt: skip
    return f"{' on '.join(named)}: " if named else ""
