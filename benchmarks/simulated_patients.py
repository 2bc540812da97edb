"""Simulated evaluations with known truth: patients whose frames resemble each other, for coverage and type I error.

Four classes, of which the rarer ones are absent from some patients and some frames; five corruptions. On the logit
scale a frame's quality is the sum of a patient's level (standard deviation ``spread``, "weak" 0.25 or "strong" 0.7), a
patient's level under a corruption (half of it), a frame's level (0.8) and independent noise. A second model differs by
a level per patient (0.3) and, for the power of a test, by a shift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from robustbench_endo.metrics.aggregation import Floats, divide, mean_of_present
from robustbench_endo.tasks.segmentation.metrics import Dice, MeanIoU

CLASSES, CORRUPTIONS, FRAMES = 4, 5, 20
_AREAS, _LEVELS = (600.0, 100.0, 60.0, 30.0), (3.0, 1.2, 0.8, 0.3)
_IN_PATIENTS, _IN_FRAMES = (1.0, 0.9, 0.6, 0.35), (1.0, 0.9, 0.7, 0.6)
MODEL_BY_PATIENT = 0.3


@dataclass(frozen=True)
class Design:
    """A simulated study.

    Attributes:
        subjects: number of patients.
        unequal: whether patients have 8 to 40 frames (5:1) instead of 20 each.
        spread: standard deviation of the patients' levels.
        models: one, or two that are exchangeable but for ``shift``.
        shift: of the second model, logit.
    """

    subjects: int
    unequal: bool
    spread: float
    models: int = 1
    shift: float = 0.0


@dataclass(frozen=True)
class Study:
    """Sums of every patient.

    Attributes:
        sizes: frames of each patient, (subjects,).
        sums: metric -> what its formula needs, (K, subjects, models, corruptions).
    """

    sizes: Floats
    sums: dict[str, Floats]


def simulate(random: np.random.Generator, design: Design) -> Study:
    """One study."""
    sizes = _sizes(random, design)
    patient = np.repeat(np.arange(design.subjects), sizes)
    frames, shape = len(patient), (len(patient), CORRUPTIONS, CLASSES)
    present = random.random((design.subjects, CLASSES)) < _IN_PATIENTS
    present = present[patient] & (random.random((frames, CLASSES)) < _IN_FRAMES)
    area = np.exp(random.normal(np.log(_AREAS), 0.5, (frames, CLASSES))) * present
    common = random.normal(0, design.spread, (design.subjects, 1)) + random.normal(
        0, design.spread / 2, (design.subjects, CORRUPTIONS)
    )
    level = common[patient] + random.normal(0, 0.8, (frames, 1)) + random.normal(0, 0.3, (frames, CORRUPTIONS))
    level = level + np.linspace(0, -1, CORRUPTIONS)
    models = [_model(random, design, index, patient, level, area, shape) for index in range(design.models)]
    stacked = {name: np.stack([model[name] for model in models], axis=2) for name in models[0]}
    return Study(sizes.astype(np.float64), {name: _by_patient(values, patient) for name, values in stacked.items()})


def _sizes(random: np.random.Generator, design: Design) -> NDArray[np.intp]:
    if not design.unequal:
        return np.full(design.subjects, FRAMES)
    return np.round(np.exp(random.uniform(np.log(8), np.log(40), design.subjects))).astype(np.intp)


def _model(
    random: np.random.Generator,
    design: Design,
    index: int,
    patient: NDArray[np.intp],
    level: Floats,
    area: Floats,
    shape: tuple[int, ...],
) -> dict[str, Floats]:
    """Per-frame statistics of a model, metric -> (K, frames, corruptions)."""
    by_patient = random.normal(0, MODEL_BY_PATIENT, design.subjects) if design.models > 1 else np.zeros(design.subjects)
    logit = level[..., None] + by_patient[patient][:, None, None] + random.normal(0, 0.3, shape) + np.array(_LEVELS)
    quality = expit(logit + design.shift * index)
    tp = area[:, None] * quality
    alarms = (area[:, None] == 0) * (random.random(shape) < 0.05) * 10 * (1 - quality)
    fp, fn = 0.8 * area[:, None] * (1 - quality) + alarms, area[:, None] - tp
    overlap = np.concatenate((tp, fp, fn), axis=-1).transpose(2, 0, 1)
    frame = logit[..., 0] + design.shift * index
    correct = (random.random(shape[:2]) < expit(frame - 1.5)).astype(np.float64)
    distance = np.exp(3 - 0.6 * (frame - 3) + random.normal(0, 0.4, shape[:2]))
    ones = np.ones(shape[:2])
    return {
        "miou": overlap,
        "dice": overlap,
        "accuracy": np.stack((correct, ones)),
        "hd95": np.stack((distance, ones)),
    }


def _by_patient(values: Floats, patient: NDArray[np.intp]) -> Floats:
    """(K, frames, models, corruptions) -> sums by patient."""
    starts = np.flatnonzero(np.diff(patient, prepend=-1))
    sums: Floats = np.add.reduceat(values, starts, axis=1)
    return sums


def score(metric: str, sums: Floats) -> Floats:
    """The metric of sums (K, ...): overlaps by the project's own formulas."""
    if metric == "miou":
        return MeanIoU().formula(sums)
    return Dice().formula(sums) if metric == "dice" else divide(sums[0], sums[1])


def truth(design: Design, patients: int = 40_000) -> dict[str, dict[str, Floats]]:
    """Estimand -> metric -> values of the population, (models, corruptions)."""
    random, block = np.random.default_rng(99), 2_000
    population = Design(block, design.unequal, design.spread, design.models, design.shift)
    studies = [simulate(random, population) for _ in range(patients // block)]
    pooled, by_subject = {}, {}
    for metric in studies[0].sums:
        pooled[metric] = score(metric, np.sum([study.sums[metric].sum(1) for study in studies], axis=0))
        by_subject[metric] = mean_of_present(np.concatenate([score(metric, study.sums[metric]) for study in studies]))
    return {"pooled": pooled, "subject": by_subject}
