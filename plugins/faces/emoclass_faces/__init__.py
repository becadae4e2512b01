"""A network for aligned gray face crops, trained on FER2013, and the experiment that trains it."""

from __future__ import annotations

from collections.abc import Sequence

from emoclass import ModelSpec, Recipe, hookimpl

EPOCHS = 60
BATCH_SIZE = 128


@hookimpl
def register_models() -> Sequence[ModelSpec]:
    """Return the network."""
    return [
        ModelSpec(
            name="faces",
            summary="A residual network without normalization layers, on 48x48 gray face crops.",
            build="emoclass_faces.model:build",
            finish="emoclass_faces.model:finish",
            start="emoclass_faces.model:start",
            image_shape=(48, 48, 1),
            value_range=(0.0, 1.0),
            expects="face_crop",
            pretrained={"default": "emoclass_faces:trained", "fast": "emoclass_faces:trained_fast"},
        )
    ]


@hookimpl
def register_recipes() -> Sequence[Recipe]:
    """Return the experiment."""
    return [
        Recipe(
            name="faces",
            summary="Seven emotions on FER2013: AdamW, a cosine schedule, smoothed labels, averaged weights.",
            config={
                "labels": {
                    "emotions": ["happy", "sad", "angry", "scared", "surprised", "disgusted", "neutral"],
                },
                # PublicTest is the test set: a tenth of the other images validates.
                "data": {"dataset": "fer2013", "options": {"test": "public"}, "validation": 0.1},
                "model": {"name": "faces"},
                "training": {
                    "epochs": EPOCHS,
                    "batch_size": BATCH_SIZE,
                    "precision": "mixed_bfloat16",
                    "optimizer": {
                        "ref": "emoclass_faces.optimizer:adamw",
                        "options": {"weight_decay": 0.05, "clipnorm": 1.0},
                    },
                    "schedule": {
                        "ref": "keras.optimizers.schedules:CosineDecay",
                        "options": {
                            "initial_learning_rate": 1e-5,
                            "warmup_target": 2e-3,
                            "alpha": 1e-3,
                        },
                    },
                    "warmup": 2 / EPOCHS,
                    "augmentation": [
                        {"ref": "emoclass_faces.augmentation:RandomView"},
                        {"ref": "emoclass_faces.augmentation:RandomTone"},
                        {"ref": "emoclass_faces.augmentation:RandomPatch"},
                    ],
                    "label_smoothing": 0.1,
                    "weight_averaging": 0.998,
                    "keep": "best",
                },
                "evaluation": {"headline": ["accuracy", "f1"]},
            },
            fine_tuning={
                "data": {"validation": 0.125},
                "training": {
                    "epochs": 30,
                    "batch_size": 32,
                    "precision": "float32",
                    "schedule": {
                        "ref": "keras.optimizers.schedules:CosineDecay",
                        "options": {"initial_learning_rate": 1e-5, "warmup_target": 1e-4},
                    },
                    "weight_averaging": 0.0,
                },
            },
        )
    ]
