"""Groups and metavars in the help, for options that are fields of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_DATA = ("data", "split", "classes", "label_map", "subject_regex", "assume_independent_frames")

GROUPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "EvaluationConfig": {
        "Model": ("models", "trust_model_file", "adapt"),
        "Data": (*_DATA, "limit"),
        "Corruptions": (
            *("corruptions", "severities", "failure_point", "target_distortion", "suite", "backend", "resolution"),
            *("seed", "replicates"),
        ),
        "Metrics": ("protocol", "nsd_tolerance", "spacing", "region", "calibration"),
        "Computing": ("device", "precision", "batch_size", "compile", "workers", "engine", "address", "shard"),
        "Output": ("out", "gallery_frames", "keep_frames", "save_predictions", "notes", "formats"),
    },
    "TrainConfig": {
        "Model": ("model", "init_weights"),
        "Data": (*_DATA, "validation", "extra_data"),
        "Optimization": (
            *("select_by", "epochs", "batch_size", "learning_rate", "schedule", "seed", "seeds", "weighting"),
            *("task_weights", "dice_weight", "class_weights", "grad_clip", "patience"),
        ),
        "Augmentation": ("augment", "harden", "hold_out", "corruptions", "corruption_prob"),
        "Computing": (
            *("precision", "grad_accum", "activation_checkpointing", "device", "devices", "nodes", "workers"),
        ),
        "Output": ("loggers", "out"),
    },
    "ReproductionConfig": {
        "Data": ("data", "data_gen", "synthetic", "limit"),
        "Experiments": ("quick", "models", "epochs", "seed", "seeds", "init_weights"),
        "Computing": ("precision", "grad_accum", "shard", "device"),
        "Output": ("out", "formats"),
    },
    "SynthesisConfig": {
        "Data": (
            *("background", "instruments", "split", "classes", "subject_regex", "limit_instruments"),
            "limit_backgrounds",
        ),
        "Composition": (
            *("size", "max_instruments", "scales", "allow_floating", "within_subjects", "seed", "count"),
            *("instrument_labels", "labels", "activity"),
        ),
        "Output": ("out",),
    },
}
"""Configuration -> group -> its fields."""

METAVARS: Mapping[str, str] = {
    **dict.fromkeys(("models", "model"), "SPEC"),
    **dict.fromkeys(("data", "extra_data", "background", "instruments"), "DATA"),
    **dict.fromkeys(("out",), "DIR"),
    **dict.fromkeys(("split", "address"), "NAME"),
    **dict.fromkeys(("classes", "corruptions", "hold_out", "instrument_labels", "loggers", "formats"), "NAME,..."),
    "label_map": "VALUE=NAME,...",
    "subject_regex": "REGEX",
    "severities": "LEVELS",
    "failure_point": "METRIC=X",
    **dict.fromkeys(("target_distortion", "learning_rate", "dice_weight", "grad_clip", "corruption_prob"), "X"),
    "suite": "SUITE",
    **dict.fromkeys(("resolution", "size"), "SIZE"),
    **dict.fromkeys(
        (
            *("limit", "seed", "seeds", "replicates", "batch_size", "workers", "gallery_frames", "epochs"),
            *("grad_accum", "patience", "devices", "nodes", "count", "max_instruments", "limit_instruments"),
            *("limit_backgrounds", "keep_frames"),
        ),
        "N",
    ),
    "nsd_tolerance": "LENGTH",
    "spacing": "MM",
    "calibration": "FILE",
    "device": "DEVICE",
    "adapt": "METHOD",
    "shard": "I/N",
    "notes": "TEXT",
    "data_gen": "NAME:DIR",
    "validation": "SPLIT",
    "init_weights": "WEIGHTS",
    "select_by": "METRIC",
    "augment": "NAME",
    "weighting": "METHOD",
    "task_weights": "TASK=X",
    "scales": "LOW,HIGH",
}
"""Field -> what is printed for its value, where it has no choices."""


def group_of(config: type, name: str) -> str:
    """The group of a field; ``Options`` for one that has none."""
    groups = GROUPS.get(config.__name__, {})
    return next((group for group, names in groups.items() if name in names), "Options")
