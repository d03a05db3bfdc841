"""The losses that a network learns its labels by, L_CLS, in a registry: plain, and for classes that are rare."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.distillation.softmax import below_best, precise
from core.registry import Registry
from core.settings import Configured, SettingsSection, setting

if TYPE_CHECKING:
    from torch import Tensor


class ClassificationLoss(Configured, Protocol):
    """A loss of logits and labels. `for_rare_classes`: it makes up for classes that are rare, as drawing every class
    equally often does; both together do it twice."""

    @property
    def for_rare_classes(self) -> bool: ...

    def losses(
        self, logits: Tensor, labels: Tensor, counts: Tensor, smoothing: float, settings: SettingsSection
    ) -> Tensor:
        """A loss for each image (n,), >= 0, whose mean is minimised; float32 or better, finite on finite input.

        Logits (n, classes), labels (n,) int64, how many training images each class has (classes,), and the share of the
        target that is spread over all classes (label smoothing, 0..1).
        """
        ...


@dataclass(frozen=True)
class LabelTerm:
    """A loss for the labels with its settings."""

    loss: ClassificationLoss
    settings: SettingsSection


class CrossEntropy:
    """Minus the logarithm of the label's probability."""

    name = "cross_entropy"
    title = "Cross entropy"
    help = (
        "the usual one: with the sampling shuffle its probabilities mean what they say, but it rarely names rare ones"
    )
    source = ""
    Settings = SettingsSection
    for_rare_classes = False

    def losses(
        self, logits: Tensor, labels: Tensor, counts: Tensor, smoothing: float, settings: SettingsSection
    ) -> Tensor:
        """See `ClassificationLoss`."""
        return _cross_entropy(logits, labels, smoothing)


class LogitAdjustedSettings(SettingsSection):
    """How far the logits are adjusted."""

    tau: float = setting(
        1.0,
        "Tau of the loss",
        "How much a class's share of the training images counts; 1 is the balanced softmax, 0 the plain cross entropy.",
        expert=True,
        ge=0,
        le=3,
    )


class LogitAdjusted:
    """Cross entropy of logits + tau * log(the class's share of the training images)."""

    name = "logit_adjusted"
    title = "Logit-adjusted"
    help = (
        "gives rare classes a larger margin without repeating images; pays for balanced accuracy; adjusted afterwards "
        "by -1, its probabilities mean what they say again"
    )
    source = "Menon et al., Long-tail Learning via Logit Adjustment, 2021, equation 10; tau 1: Ren et al., 2020"
    Settings = LogitAdjustedSettings
    for_rare_classes = True

    def losses(
        self, logits: Tensor, labels: Tensor, counts: Tensor, smoothing: float, settings: SettingsSection
    ) -> Tensor:
        """See `ClassificationLoss`."""
        assert isinstance(settings, LogitAdjustedSettings)
        return _cross_entropy(logits + settings.tau * log_frequencies(counts).to(logits), labels, smoothing)


class ClassBalancedSettings(SettingsSection):
    """How soon further images of a class stop counting."""

    effective_beta: float = setting(
        0.999,
        "Beta of the loss",
        "0: all classes count as they come. Towards 1: each counts as if all had as many images. The authors: 0.9 to "
        "0.9999.",
        expert=True,
        ge=0,
        le=0.999999,
    )


class ClassBalanced:
    """Cross entropy times (1 - beta) / (1 - beta^images of the class), scaled so that the classes' weights sum to their
    number."""

    name = "class_balanced"
    title = "Class-balanced"
    help = (
        "images of rare classes count more, the less the more of them there are; pays for balanced accuracy, less than "
        "the logit-adjusted loss; rare classes are then overstated"
    )
    source = "Cui et al., Class-Balanced Loss Based on Effective Number of Samples, 2019, equation 4"
    Settings = ClassBalancedSettings
    for_rare_classes = True

    def losses(
        self, logits: Tensor, labels: Tensor, counts: Tensor, smoothing: float, settings: SettingsSection
    ) -> Tensor:
        """See `ClassificationLoss`."""
        assert isinstance(settings, ClassBalancedSettings)
        weights = class_weights(counts, settings.effective_beta).to(logits)
        return _cross_entropy(logits, labels, smoothing) * weights[labels]


class FocalSettings(SettingsSection):
    """How little easy images count."""

    focusing: float = setting(
        2.0,
        "Focus of the loss",
        "0: the plain cross entropy. The larger, the less images count that are right already.",
        expert=True,
        ge=0,
        le=10,
    )


class Focal:
    """Cross entropy times (1 - probability of the label)^focus."""

    name = "focal"
    title = "Focal"
    help = (
        "images that are right already count less; pays where a network grows too sure, and a little for rare classes"
    )
    source = "Lin et al., Focal Loss for Dense Object Detection, 2017, equation 4"
    Settings = FocalSettings
    for_rare_classes = False

    def losses(
        self, logits: Tensor, labels: Tensor, counts: Tensor, smoothing: float, settings: SettingsSection
    ) -> Tensor:
        """See `ClassificationLoss`."""
        assert isinstance(settings, FocalSettings)
        # 1 - p as the sum of the others' probabilities: it does not round to 0, where its power has no gradient.
        others = below_best(logits).softmax(dim=1).scatter(1, labels[:, None], 0.0).sum(dim=1)
        return _cross_entropy(logits, labels, smoothing) * others.clamp(min=_TINY) ** settings.focusing


_TINY = 1e-12

CLASSIFICATION_LOSSES: Registry[ClassificationLoss] = Registry(
    "loss for the labels", (CrossEntropy(), LogitAdjusted(), ClassBalanced(), Focal())
)


def log_frequencies(counts: Tensor) -> Tensor:
    """The logarithm of each class's share of the images (classes,), float64 where the device has it; a class without
    images counts as one image."""
    wide = precise(counts)
    shares: Tensor = (wide.clamp(min=1) / wide.sum().clamp(min=1)).log()
    return shares


def class_weights(counts: Tensor, beta: float) -> Tensor:
    """(1 - beta) / (1 - beta^count) of each class (classes,), scaled to sum to the number of classes that have images;
    0 where there is none."""
    wide = precise(counts)
    present = wide > 0
    weights = ((1 - beta) / (1 - beta ** wide.clamp(min=1))).where(present, 0.0)
    found: Tensor = weights * (present.sum() / weights.sum().clamp(min=_TINY))
    return found


def _cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    from torch.nn import functional

    return functional.cross_entropy(below_best(logits), labels, label_smoothing=smoothing, reduction="none")
