"""What each number is: label, unit, direction. Tables, figures and comparisons read it here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """A scored quantity of one condition.

    Attributes:
        name: its column in :meth:`Results.scores`.
        label: what a reader sees.
        unit: "%", "px", "% of diagonal", "dB" or "".
        higher_is_better: direction; None for a description of the picture, which is neither.
        scale: factor from the stored value (a share) to the unit (100 for %).
        description: its definition in one sentence.
    """

    name: str
    label: str
    unit: str
    higher_is_better: bool | None
    scale: float
    description: str


_ALL = (
    Quantity("accuracy", "Activity accuracy", "%", True, 100, "Share of frames with the right activity."),
    Quantity(
        "balanced_accuracy",
        "Balanced accuracy",
        "%",
        True,
        100,
        "Recall of each activity that occurs, averaged over activities.",
    ),
    Quantity(
        "macro_f1",
        "Macro F1",
        "%",
        True,
        100,
        "F1 of each activity that occurs or is predicted, averaged over activities.",
    ),
    Quantity(
        "ece",
        "Calibration error",
        "%",
        False,
        100,
        "Expected calibration error of the activity confidence, 15 bins of equal width.",
    ),
    Quantity(
        "miou",
        "mIoU",
        "%",
        True,
        100,
        "Intersection over union from pixel counts summed over all frames, averaged over classes, background "
        "included; a class absent from every prediction and mask is left out.",
    ),
    Quantity("dice", "Dice", "%", True, 100, "Dice coefficient, from the same summed counts as mIoU."),
    Quantity(
        "miou_image",
        "mIoU per frame",
        "%",
        True,
        100,
        "mIoU of each frame over the classes present in it, averaged over frames.",
    ),
    Quantity("dice_image", "Dice per frame", "%", True, 100, "Dice of each frame, averaged over frames."),
    Quantity(
        "hd",
        "Hausdorff distance",
        "px",
        False,
        1,
        "Largest distance between the boundaries of prediction and mask, per foreground class present, averaged; "
        "the image diagonal when only one of the two has the class.",
    ),
    Quantity(
        "hd95",
        "HD95",
        "px",
        False,
        1,
        "As the Hausdorff distance, but the 95th percentile instead of the maximum.",
    ),
    Quantity(
        "assd",
        "Average surface distance",
        "px",
        False,
        1,
        "Mean distance from each boundary pixel to the other boundary, both directions together.",
    ),
    Quantity(
        "hd_diagonal",
        "Hausdorff distance",
        "% of diagonal",
        False,
        100,
        "Hausdorff distance over image diagonal.",
    ),
    Quantity(
        "nsd",
        "Surface Dice",
        "%",
        True,
        100,
        "Share of both boundaries that lies within 2 px of the other one (normalised surface Dice).",
    ),
    Quantity(
        "ssim",
        "Mask SSIM",
        "%",
        True,
        100,
        "Structural similarity of predicted and true one-hot masks, averaged over the classes present.",
    ),
    Quantity(
        "missed_rate",
        "Missed classes",
        "%",
        False,
        100,
        "Share of foreground classes in prediction or mask that the other lacks.",
    ),
    Quantity(
        "image_ssim",
        "Image SSIM",
        "%",
        None,
        100,
        "Structural similarity of corrupted and clean frame: the measured dose.",
    ),
    Quantity("image_psnr", "Image PSNR", "dB", None, 1, "Peak signal-to-noise ratio of corrupted and clean frame."),
)

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _ALL}
