"""What a run is: every setting with its default, bounds, unit and help, declared once.

The wizard's fields, the command line's `--set`, validation and the TOML file all come from here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainValidator, model_validator

from core.classes import ClassSet
from core.data.augmentation.augmentation import ViewRule
from core.data.augmentation.entries import AUGMENTATIONS
from core.data.augmentation.mixtures import MIXTURES, Mixture
from core.data.choices import Choices
from core.data.layouts import AUTO, LAYOUTS, layout_name
from core.data.types import GroupBy
from core.distillation.classification import CLASSIFICATION_LOSSES, LabelTerm
from core.distillation.method import OF_FEATURES, LossTerm, Need
from core.distillation.weightings import WEIGHTINGS
from core.recipe.classes import ClassesRecipe
from core.recipe.learning import CurriculumRecipe, DistillationRecipe, Distilled, OptimisationRecipe
from core.settings import ChosenSettings, NameOf, SettingsSection, Share, Text, setting

RECIPE_VERSION = 3
"""Also in `Recipe.version`; `core.recipe.migrations` brings older ones up to it."""


OWN = "own"
"""Of a rate: what the network has by itself."""


def _rate(value: Any) -> Any:
    """A rate of 0 to below 1, or `OWN`."""
    if value == OWN:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(
            f"a number from 0 to below 1, or {OWN}: the rate that the network has by itself; it is {value!r}"
        )
    return float(value)


RATE = float | Literal["own"]
Rate = Annotated[RATE, PlainValidator(_rate)]


def _layout_name(value: Any) -> Any:
    """Recipes of earlier versions told kinds of tables apart."""
    return layout_name(value) if isinstance(value, str) else value


class DataRecipe(SettingsSection):
    """Which images, and how they are divided."""

    path: Text = setting("", "Data folder", "The folder (or CSV file) with the labelled images.", resume="free")
    layout: Annotated[str, BeforeValidator(_layout_name), NameOf(LAYOUTS, (AUTO,))] = setting(
        AUTO.name, "Layout", "How the labels are stored."
    )
    image_column: Text = setting(
        "",
        "Column of images",
        "The column that names the pictures, where tables have several. Empty: there is no doubt.",
        expert=True,
    )
    label_column: Text = setting(
        "",
        "Column of labels",
        "The column with the diagnoses, where tables have several. Empty: there is no doubt.",
        expert=True,
    )
    image_type: Text = setting(
        "",
        "Kind of pictures",
        "Of several kinds in the column image_type (dermoscopic, clinical) the one to use. Empty: all.",
        expert=True,
    )
    same_numbers: bool = setting(
        False,
        "Numbers of all tables are one list",
        "Lesion and patient numbers that stand in several tables mean the same lesion or patient. Off: each table has "
        "its own, unless they are those of an archive.",
        expert=True,
    )
    patient_folders: bool = setting(
        False,
        "Folders below the classes are patients",
        "Class, patient, pictures: the images of such a folder stay together. Folders that are named as patients do so "
        "anyway.",
        expert=True,
    )
    terms: Text = setting(
        "",
        "Terms of use",
        "Under which terms the images may be used. Empty: what their tables and licence files say.",
        expert=True,
    )
    image_size: int = setting(
        224, "Image size", "Images are resized to this width and height.", unit="pixels", ge=32, le=1024
    )
    split: tuple[Share, Share, Share] = setting(
        (0.7, 0.2, 0.1),
        "Training, validation, test",
        "Shares that sum to 1, or exact numbers of images (the paper: 17728, 5062, 2541).",
    )
    rounding: Literal["nearest", "paper"] = setting(
        "nearest",
        "Numbers of images",
        "nearest: the whole numbers next to the shares. paper: of 25,331 images at 0.7, 0.2 and 0.1 the paper's own "
        "17,728, 5,062 and 2,541, where the nearest are 17,732, 5,066 and 2,533; of any others the nearest.",
        expert=True,
        titles={"nearest": "Nearest to the shares", "paper": "The paper's"},
    )
    calibration: float = setting(
        0.5,
        "Calibration",
        "Share of the validation images, divided by group, that only temperature, thresholds and prediction sets see. "
        "0 (the paper): they are made from the images that also chose the best epoch, and promise a little too much.",
        ge=0,
        le=0.9,
    )
    group_by: GroupBy = setting(
        "patient",
        "Keep together",
        "patient: images of one patient or lesion and near-copies stay in one part. lesion: only those of one lesion. "
        "image: only the same picture (the paper); then test images resemble training images, and scores come out too "
        "high.",
        titles={"patient": "Patients, lesions and near-copies", "lesion": "Lesions", "image": "Nothing"},
    )
    parts: Literal["found", "pooled"] = setting(
        "found",
        "The data's own parts",
        "found: where the data have parts of their own (Train and Test folders, a split column, official sets side by "
        "side), validation and test stay as they are. pooled: all images are divided anew.",
        titles={"found": "Kept", "pooled": "Pooled and divided anew"},
    )
    folds: int = setting(
        1,
        "Folds",
        "1: one split. More: the training and validation images are divided into this many folds and `fold` is "
        "the one that validates (the paper: 5).",
        expert=True,
        ge=1,
        le=20,
    )
    fold: int = setting(1, "Validating fold", "Which fold validates, from 1 to `folds`.", expert=True, ge=1, le=20)
    test_folds: int = setting(
        1,
        "Test folds",
        "1: one test part. More: all images are divided into this many folds and `test_fold` is the test part, so that "
        "a run for each fold tests every image once.",
        expert=True,
        ge=1,
        le=20,
    )
    test_fold: int = setting(
        1, "Testing fold", "Which fold is the test part, from 1 to `test_folds`.", expert=True, ge=1, le=20
    )
    seed: int = setting(0, "Split seed", "The same seed gives the same split.", expert=True, ge=0, le=2**31 - 1)
    test: Literal["scored", "withheld"] = setting(
        "scored",
        "Test part",
        "scored: the model is tested when training has finished. withheld: no model sees the test images until one "
        "has been chosen by its validation scores, as in a cross-validation.",
        expert=True,
        titles={"scored": "Tested at the end", "withheld": "Withheld until a model is chosen"},
    )
    corrections: bool = setting(
        True,
        "Use corrections",
        "Use what was relabelled, left out and grouped in the Data tab. Off: the data as they are.",
    )
    skip_problems: bool = setting(
        False,
        "Go on without problem images",
        "Leave out images that are missing, unreadable, doubled or without one clear label. Off: they stop the run. "
        "Labels of which nobody said what they mean stop it always.",
    )

    @property
    def choices(self) -> Choices:
        """How the data are to be read where they leave a choice open."""
        return Choices(**{name: getattr(self, name) for name in Choices.__dataclass_fields__})


def _dropout(papers: str) -> Any:
    return setting(
        OWN,
        "Dropout",
        "Share of the pooled features that each training step leaves out at random before the last layer. own: as timm "
        f"builds the network, mostly none. {papers}",
        expert=True,
    )


def _drop_connect(papers: str) -> Any:
    return setting(
        OWN,
        "Drop-connect",
        "How often a training step skips the last residual block at random; earlier ones less, the first never "
        f"(stochastic depth). own: as timm builds the network. {papers}",
        expert=True,
    )


class TeacherRecipe(SettingsSection):
    """The large model."""

    architecture: Text = setting(
        "tf_efficientnet_b7", "Architecture", "A timm classifier; the paper's is tf_efficientnet_b7.", min_length=1
    )
    weights: Text = setting(
        "hub", "Starting weights", "hub: timm's pretrained weights (needs internet once); none; or a .safetensors file."
    )
    probe: bool = setting(
        False,
        "Only its last layer learns",
        "A probe, for networks that know many images (DINOv2, CLIP, BEiT): its last layer learns within minutes from "
        "features that are computed once, of the upright images. A training of the last blocks (frozen share 0.8) can "
        "start from its model.",
    )
    run: Text = setting(
        "",
        "Finished teacher",
        "The folder of a finished teacher run, its model file, or a file of any teacher's outputs for the images (.npz "
        "or .csv), to learn from.",
        resume="free",
    )
    also: tuple[Text, ...] = setting(
        (),
        "Further teachers",
        "More finished teacher runs, or model files, also of other folds and epochs: the student learns from all of "
        "them.",
        expert=True,
        resume="free",
    )
    weighting: Annotated[str, NameOf(WEIGHTINGS)] = setting(
        "equal", "Weights of teachers", "How much each of several teachers counts for an image.", expert=True
    )
    source: Literal["stored", "online"] = setting(
        "stored",
        "Teacher's answers",
        "stored: computed once for all runs and kept on disk. online: computed anew in every step, which is slower.",
        expert=True,
        titles={"stored": "Stored", "online": "Online"},
    )
    views: int = setting(
        8,
        "Views of an image",
        "With augmentation and stored outputs, in how many views a student sees each image; the teacher is asked "
        "about every one of them once, for all runs. Flips and turns: at most eight. Strong: so many beside the eight "
        "flips and turns.",
        expert=True,
        ge=1,
        le=512,
    )
    freeze: float = setting(
        0.0,
        "Frozen share",
        "Share of the network's depth, from the input, that keeps its starting weights; the paper freezes nothing.",
        expert=True,
        ge=0,
        le=1,
    )
    drop_rate: Rate = _dropout("The paper: 0.5, as in the EfficientNet-B7 that it cites.")
    drop_path_rate: Rate = _drop_connect("The paper: 0.2, as in the EfficientNet-B7 that it cites.")


class StudentRecipe(SettingsSection):
    """The small model."""

    architecture: Text = setting(
        "mobilenetv2_100", "Architecture", "A timm classifier; the paper's is mobilenetv2_100.", min_length=1
    )
    weights: Text = setting(
        "hub", "Starting weights", "hub: timm's pretrained weights (needs internet once); none; or a .safetensors file."
    )
    freeze: float = setting(
        0.0,
        "Frozen share",
        "Share of the network's depth, from the input, that keeps its starting weights; the paper freezes nothing.",
        expert=True,
        ge=0,
        le=1,
    )
    drop_rate: Rate = _dropout("The paper: 0.2, as in MobileNetV2.")
    drop_path_rate: Rate = _drop_connect("The paper: none; MobileNetV2 has no such thing.")


class HardwareRecipe(SettingsSection):
    """What the run may use."""

    device: Literal["auto", "cpu", "cuda", "mps"] = setting(
        "auto",
        "Device",
        "auto: the GPU where there is one that works, otherwise the CPU; the choice is shown.",
        resume="free",
        titles={
            "auto": "Automatic",
            "cpu": "Processor (CPU)",
            "cuda": "NVIDIA GPU (CUDA)",
            "mps": "Apple GPU (MPS)",
        },
    )
    precision: Literal["auto", "32", "bf16", "16"] = setting(
        "auto",
        "Precision",
        "auto: bf16 or fp16 on a GPU that has it, 32-bit on the CPU. Scores are always computed with 32 bits.",
        expert=True,
        resume="free",
        titles={"auto": "Automatic", "32": "32-bit", "bf16": "bf16", "16": "fp16"},
    )
    threads: int = setting(0, "CPU threads", "0: all cores.", expert=True, resume="free", ge=0, le=1024)
    devices: int = setting(
        1,
        "Devices",
        "1 for nearly everybody. For computers with several GPUs: so many make the run together (on a CPU: processes). "
        "The batch size is that of all.",
        expert=True,
        resume="free",
        ge=1,
        le=1024,
    )
    nodes: int = setting(
        1,
        "Computers",
        "1 for nearly everybody. For computing centres: so many computers make the run together; whoever looks after "
        "them starts it on each with the program torchrun.",
        expert=True,
        resume="free",
        ge=1,
        le=1024,
    )
    image_store: Literal["auto", "memory", "disk", "device"] = setting(
        "auto",
        "Decoded images",
        "Where the decoded images lie while training. auto: where they fit.",
        expert=True,
        resume="free",
        titles={"auto": "Automatic", "memory": "In memory", "disk": "On disk", "device": "On the GPU"},
    )
    compile: Literal["auto", "on", "off"] = setting(
        "auto",
        "Compiled steps",
        "auto: a long training compiles its network once, which takes a minute or two, where that makes its steps "
        "faster; a run that goes on keeps the choice. The numbers differ in the last digits; on and off make two runs "
        "equal to the bit.",
        expert=True,
        resume="free",
        titles={"auto": "Automatic", "on": "Always", "off": "Never"},
    )


class Recipe(SettingsSection):
    """Everything that defines one run; written as recipe.toml into its folder."""

    version: Literal[3] = 3
    task: Literal["teacher", "student"] = setting(
        "student", "Task", "teacher: train the large model. student: train the small one, alone or from a teacher."
    )
    data: DataRecipe = DataRecipe()
    classes: ClassesRecipe = ClassesRecipe()
    teacher: TeacherRecipe = TeacherRecipe()
    student: StudentRecipe = StudentRecipe()
    distillation: Annotated[DistillationRecipe, ChosenSettings()] = DistillationRecipe()
    curriculum: Annotated[CurriculumRecipe, ChosenSettings()] = CurriculumRecipe()
    optimisation: Annotated[OptimisationRecipe, ChosenSettings()] = OptimisationRecipe()
    hardware: HardwareRecipe = HardwareRecipe()

    @property
    def needs_teacher(self) -> bool:
        """Whether the run learns from a teacher's logits, through the loss or through the order of images."""
        return bool(self.loss_terms) or self.applied_curriculum.entries.needs_teacher

    @property
    def applied_curriculum(self) -> CurriculumRecipe:
        """The curriculum that the run follows: a teacher's run has none, whatever the section says."""
        return self.curriculum if self.task == "student" else CurriculumRecipe()

    @property
    def loss_terms(self) -> tuple[LossTerm, ...]:
        """The losses that make up L_KD, the method's first; empty where the run learns from the labels alone."""
        return self.distillation.losses if self.task == "student" else ()

    @property
    def label_term(self) -> LabelTerm:
        """The loss for the labels, with its settings."""
        return LabelTerm(CLASSIFICATION_LOSSES[self.optimisation.classification_loss], self.optimisation)

    @property
    def alpha(self) -> float | None:
        """The weight of L_KD; None where the run learns from the labels alone."""
        section: SettingsSection = self.distillation
        return section.alpha if self.task == "student" and isinstance(section, Distilled) else None

    @property
    def needs_features(self) -> bool:
        """Whether a loss learns from pooled features beside logits."""
        return any(term.method.needs & OF_FEATURES for term in self.loss_terms)

    @property
    def needs_teacher_features(self) -> bool:
        """Whether a loss learns from the teacher's features themselves, not from what is known of them on the whole."""
        return any(Need.FEATURES in term.method.needs for term in self.loss_terms)

    @property
    def needs_statistics(self) -> bool:
        """Whether a loss learns from class means or from the norms of features."""
        return any(term.method.needs & {Need.CLASS_MEANS, Need.FEATURE_NORMS} for term in self.loss_terms)

    @property
    def needs_class_means(self) -> bool:
        """Whether a loss learns from what the features of each class are like on the whole."""
        return any(Need.CLASS_MEANS in term.method.needs for term in self.loss_terms)

    @property
    def infers_online(self) -> bool:
        """Whether the teachers are asked in every step."""
        return bool(self.loss_terms) and self.teacher.source == "online"

    @property
    def stored_views(self) -> int:
        """How many views of each training image the teachers are asked about beforehand."""
        if self.infers_online:
            return 1 if self.needs_class_means or self.applied_curriculum.entries.needs_teacher else 0
        if not self.needs_teacher:
            return 0
        # An order of images asks for the plain views alone.
        rule = self.view_rule
        return rule.stored_views(self.teacher.views) if self.loss_terms else rule.plain_views

    @property
    def probes(self) -> bool:
        """Whether only the last layer learns, from features that are computed once."""
        return self.task == "teacher" and self.teacher.probe

    @property
    def view_rule(self) -> ViewRule:
        """What the numbered views of its images look like; a probe sees upright images alone."""
        return ViewRule(AUGMENTATIONS["none" if self.probes else self.optimisation.augmentation], self.optimisation)

    @property
    def mixture(self) -> Mixture:
        """How the images of a batch are mixed; those of a probe are not."""
        return MIXTURES["none" if self.probes else self.optimisation.mixture]

    @property
    def class_set(self) -> ClassSet:
        """The classes that the run's model tells apart."""
        return self.classes.class_set

    @property
    def trained(self) -> TeacherRecipe | StudentRecipe:
        """The section of the model that this run trains."""
        return self.teacher if self.task == "teacher" else self.student

    @model_validator(mode="after")
    def _check_split(self) -> Recipe:
        split, total = self.data.split, sum(self.data.split)
        exact = all(share.is_integer() for share in split) and total > 1
        if not exact and abs(total - 1) > 1e-6:
            raise ValueError(f"data.split: three shares that sum to 1, or three whole numbers; these sum to {total:g}")
        if split[0] <= 0 or split[1] <= 0:
            raise ValueError("data.split: training and validation need images; both shares must be above 0")
        if self.data.test_folds > 1 and exact:
            raise ValueError("data.split: with data.test_folds it has shares that sum to 1, no numbers of images")
        for fold, folds in (("fold", "folds"), ("test_fold", "test_folds")):
            number, most = getattr(self.data, fold), getattr(self.data, folds)
            if number > most:
                raise ValueError(f"data.{fold}: a number from 1 to data.{folds} = {most}; it is {number}")
        return self
