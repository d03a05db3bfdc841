"""How a network learns: the recipe's sections [distillation], [curriculum] and [optimisation]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import field_validator

from core.data.augmentation.entries import AUGMENTATIONS
from core.data.augmentation.mixtures import MIXTURES
from core.distillation.classification import CLASSIFICATION_LOSSES
from core.distillation.curricula import DIFFICULTIES, ORDERS, PACINGS, REDRAWS, Curriculum
from core.distillation.method import LossTerm
from core.distillation.methods import METHODS
from core.registry import Entry
from core.settings import Choosing, ChosenSettings, NameOf, SettingsSection, setting, with_settings


class TermRecipe(Choosing):
    """A further loss that is added to the method's, with the settings of its own method."""

    method: Annotated[str, NameOf(METHODS)] = setting(
        "none", "Method", "The loss that is added.", validate_default=True
    )
    weight: float = setting(1.0, "Weight", "What the loss is multiplied with before it is added.", gt=0, le=1000)

    @field_validator("method")
    @classmethod
    def _is_a_loss(cls, method: str) -> str:
        losses = [name for name, entry in METHODS.items() if entry.needs]
        if method not in losses:
            raise ValueError(f"the method of a further loss is one of {', '.join(losses)}; it is {method}")
        return method


class Distilled(SettingsSection):
    """What stands beside the settings of every method that learns from a teacher."""

    alpha: float = setting(
        0.1, "Alpha", "Weight of the distillation loss; the labels get 1 - alpha. The paper's best: 0.1.", ge=0, le=1
    )
    term: tuple[Annotated[TermRecipe, ChosenSettings()], ...] = setting(
        (),
        "Further losses",
        "Losses added to the method's, each in a table [[distillation.term]] with its method, weight and settings.",
        expert=True,
    )


class DistillationRecipe(Choosing):
    """How the student learns from the teacher: L = alpha * L_KD + (1 - alpha) * L_CLS (paper, figure 4). Alpha, further
    losses (`Distilled`) and a method's settings are there only with a method."""

    method: Annotated[str, NameOf(METHODS)] = setting("none", "Method", "How the student learns from the teacher.")

    @classmethod
    def class_for(cls, values: Mapping[str, Any]) -> type[Self]:
        """See `Choosing`."""
        name = values.get("method", cls.model_fields["method"].default)
        method = METHODS.get(name) if isinstance(name, str) else None
        if method is None:
            return cls
        return with_settings(cls, (Distilled, method.Settings) if method.needs else (method.Settings,))

    @property
    def losses(self) -> tuple[LossTerm, ...]:
        """The losses that make up L_KD, the method's first; empty without a method."""
        section: SettingsSection = self
        if not isinstance(section, Distilled):
            return ()
        further = (LossTerm(METHODS[term.method], term, term.weight) for term in section.term)
        return LossTerm(METHODS[self.method], section), *further


class CurriculumRecipe(Choosing):
    """Which of the drawn images an epoch shows, and in which order; its entries' settings stand beside their names."""

    order: Annotated[str, NameOf(ORDERS)] = setting(
        "none", "Order of images", "In which order the images of an epoch are shown."
    )
    difficulty: Annotated[str, NameOf(DIFFICULTIES)] = setting(
        "teacher_confidence", "Difficulty", "What makes an image difficult; without effect where no order asks for it."
    )
    pacing: Annotated[str, NameOf(PACINGS)] = setting(
        "all", "Pacing", "How many of the drawn images, the first in the order, an epoch shows. The paper: all."
    )
    redraw: Annotated[str, NameOf(REDRAWS)] = setting(
        "each_epoch",
        "Drawing",
        "When the images of an epoch are drawn anew. As we read the paper: once with a curriculum, each_epoch without.",
        expert=True,
    )

    @property
    def entries(self) -> Curriculum:
        """The curriculum that the four names stand for, with its settings."""
        return Curriculum(
            DIFFICULTIES[self.difficulty], ORDERS[self.order], PACINGS[self.pacing], REDRAWS[self.redraw], self
        )

    @property
    def unusual(self) -> tuple[Entry, ...]:
        """What makes epochs other than those of a training without a curriculum (the section's defaults), the order
        first; a difficulty counts only where an order asks for it. Empty without a curriculum."""
        plain, own = CurriculumRecipe().entries, self.entries
        pairs = [(own.order, plain.order), (own.pacing, plain.pacing), (own.redraw, plain.redraw)]
        if own.order.needs_difficulty:
            pairs.insert(1, (own.difficulty, plain.difficulty))
        return tuple(entry for entry, usual in pairs if entry is not usual)


class OptimisationRecipe(Choosing):
    """How the weights are changed, and by which views of the images; its entries' settings stand beside their names."""

    optimizer: Literal["adam", "adamw", "sgd"] = setting(
        "adam",
        "Optimizer",
        "The paper: adam.",
        expert=True,
        titles={"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"},
    )
    learning_rate: float = setting(
        1e-5, "Learning rate", "Step size. The paper: 0.00001.", resume="on_request", gt=0, le=10
    )
    weight_decay: float = setting(0.01, "Weight decay", "Pull of the weights to zero. The paper: 0.01.", ge=0, le=1)
    batch_size: int = setting(32, "Batch size", "Images per step. The paper: 32.", unit="images", ge=2, le=4096)
    epochs: int = setting(
        25, "Epochs", "Most passes over the training images. The paper: 25.", resume="up", ge=1, le=10000
    )
    patience: int = setting(
        5,
        "Patience",
        "Stop after this many epochs without a new best; 0: never. The paper: 5.",
        unit="epochs",
        resume="free",
        ge=0,
        le=1000,
    )
    monitor: Literal["accuracy", "weighted_f1", "balanced_accuracy", "loss"] = setting(
        "accuracy",
        "Watched score",
        "The validation score that decides which epoch is best.",
        expert=True,
        titles={
            "accuracy": "Accuracy",
            "weighted_f1": "Weighted F1",
            "balanced_accuracy": "Balanced accuracy",
            "loss": "Loss",
        },
    )
    sampler: Literal["weighted", "shuffle"] = setting(
        "weighted",
        "Sampling",
        "weighted: every class is drawn equally often, with repeats (the paper). It overstates rare classes, and so "
        "harms the probabilities that verdicts rest on (van den Goorbergh et al., 2022). shuffle: every image once an "
        "epoch.",
        titles={"weighted": "Weighted", "shuffle": "Shuffle"},
    )
    augmentation: Annotated[str, NameOf(AUGMENTATIONS)] = setting(
        "none", "Augmentation", "In which further views the images are shown; each epoch draws them anew."
    )
    mixture: Annotated[str, NameOf(MIXTURES)] = setting(
        "none", "Mixture", "Whether the images of a batch are mixed with one another.", expert=True
    )
    classification_loss: Annotated[str, NameOf(CLASSIFICATION_LOSSES)] = setting(
        "cross_entropy",
        "Loss for the labels",
        "How the labels are learned. Losses for rare classes are for the sampling shuffle: with weighted they make up "
        "for the same twice.",
        expert=True,
    )
    adjust_logits: float = setting(
        0.0,
        "Adjust afterwards",
        "Takes so many times the logarithm of each class's share of the training images from the finished network's "
        "logits: 1 after plain training names rare classes as readily as common ones (Menon et al., 2021), -1 after "
        "the logit-adjusted loss brings the shares back. 0: nothing.",
        expert=True,
        ge=-3,
        le=3,
    )
    label_smoothing: float = setting(
        0.0, "Label smoothing", "Share of the target spread over all classes.", expert=True, ge=0, lt=1
    )
    schedule: Literal["constant", "cosine"] = setting(
        "constant",
        "Learning rate over time",
        "cosine falls to zero at the last epoch. The paper: constant.",
        expert=True,
        titles={"constant": "Constant", "cosine": "Cosine"},
    )
    warmup: int = setting(
        0, "Warm-up", "Epochs in which the learning rate rises from zero.", unit="epochs", expert=True, ge=0, le=1000
    )
    ema: float = setting(
        0.0,
        "Average of the weights",
        "How much of a running average of the weights stays at each step (0.99 to 0.9999); after each epoch whichever "
        "does better on the validation images counts, the average or the weights. 0: none.",
        expert=True,
        ge=0,
        lt=1,
    )
    layer_decay: float = setting(
        1.0,
        "Learning rate by layer",
        "Each layer's learning rate as a share of the next one's towards the output: 0.7 to 0.9 keeps more of the "
        "starting weights. 1: the same for all.",
        expert=True,
        gt=0,
        le=1,
    )
    head_epochs: int = setting(
        0,
        "Head first",
        "In so many first epochs the last layer alone learns, so that its random start does not disturb the starting "
        "weights.",
        unit="epochs",
        expert=True,
        ge=0,
        le=1000,
    )
    seed: int = setting(
        0, "Seed", "The same seed on the same machine's CPU gives the same numbers.", ge=0, le=2**31 - 1
    )

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores must know of these settings: that rare classes are made up for more than once."""
        cures = {
            "the sampling draws every class equally often": self.sampler == "weighted",
            "the loss for the labels is one for rare classes": CLASSIFICATION_LOSSES[
                self.classification_loss
            ].for_rare_classes,
            "the logits are adjusted to them afterwards": self.adjust_logits > 0,
        }
        taken = [words for words, applies in cures.items() if applies]
        if len(taken) < 2:
            return ()
        return (
            f"Rare classes are made up for {len(taken)} times ({'; '.join(taken)}): they are overstated. One of these "
            "is enough; the sampling is left out by optimisation.sampler = shuffle.",
        )
