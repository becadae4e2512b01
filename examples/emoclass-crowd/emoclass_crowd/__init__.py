"""Pictures that several annotators labeled: a dataset, a small network, a metric that reads the votes, a recipe.

Only descriptions stand here. They name their code by text, so that listing this plugin imports neither Keras nor NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence

from emoclass import DatasetSpec, MetricSpec, ModelSpec, Recipe, hookimpl

EMOCLASS_HOOKSPEC = 2


@hookimpl
def register_datasets() -> Sequence[DatasetSpec]:
    """Return the table of votes."""
    return [
        DatasetSpec(
            name="crowd",
            summary="A table of files, each with the person on it and the number of annotators for each emotion.",
            load="emoclass_crowd.dataset:load",
            make_tiny="emoclass_crowd.dataset:make_tiny",
            notice="A picture's emotion is the one that most annotators chose; tied pictures are left out.",
        )
    ]


@hookimpl
def register_models() -> Sequence[ModelSpec]:
    """Return the small network."""
    return [
        ModelSpec(
            name="crowd",
            summary="A convolution and two depthwise-separable ones on 64x64 RGB pictures.",
            build="emoclass_crowd.model:build",
            image_shape=(64, 64, 3),
            value_range=(-1.0, 1.0),
        )
    ]


@hookimpl
def register_metrics() -> Sequence[MetricSpec]:
    """Return the metric that reads the votes."""
    return [
        MetricSpec(
            name="vote_agreement",
            summary="The mean share of annotators who chose the predicted emotion: 1 only where all of them agree.",
            compute="emoclass_crowd.metric:vote_agreement",
            takes_votes=True,
            reference="emoclass_crowd.metric:vote_agreement_by_hand",
        )
    ]


@hookimpl
def register_recipes() -> Sequence[Recipe]:
    """Return the experiment that uses all three."""
    return [
        Recipe(
            name="crowd",
            summary="The small network on a table of votes, three emotions, 20 epochs.",
            config={
                "labels": ["happy", "sad", "angry"],
                "data": {"dataset": "crowd"},
                "model": {"name": "crowd"},
                "training": {
                    "epochs": 20,
                    "batch_size": 16,
                    "optimizer": {"ref": "keras.optimizers:Adam", "options": {"learning_rate": 0.003}},
                },
                "evaluation": {"headline": ["accuracy", "vote_agreement"]},
            },
        )
    ]
