"""Facts of the model and its training: what it is, how it learned, how it was chosen, on which computer."""

from __future__ import annotations

from core.data.augmentation.entries import AUGMENTATIONS
from core.data.augmentation.mixtures import MIXTURES
from core.distillation.classification import CLASSIFICATION_LOSSES
from core.distillation.weightings import WEIGHTINGS
from core.quantities import NONE, duration, file_size, million, moment
from core.recipe.fields import field, fields_of
from core.reporting.facts.fact import RunFact
from core.reporting.facts.record import RunRecord
from core.reporting.privacy import name_of
from core.reporting.words import curriculum_words, kind_of_run, losses_words

NOT_COUNTED = "not counted by this computer"
"""What is said of energy where no counter could be read."""

_WATT_HOUR = 3600.0  # joules
_SUBJECT = "Deep learning: a convolutional or transformer network that classifies pictures of skin lesions"


def _kind(record: RunRecord) -> str:
    recipe = record.recipe
    by = "by knowledge distillation from a larger network" if recipe.loss_terms else "from labels"
    return f"{_SUBJECT}, trained {by} ({kind_of_run(recipe)}); developed and tested on images that were divided."


def _goal(record: RunRecord) -> str:
    count = len(record.recipe.class_set)
    tested = "tested on images set aside" if record.summary.scores is not None else "not tested yet"
    return f"Development of a model that tells {count} diagnoses apart on pictures of skin lesions, {tested}."


def _model(record: RunRecord) -> str:
    told = [record.recipe.trained.architecture]
    if record.summary.parameters is not None:
        told.append(_together(f"{million(record.summary.parameters)} parameters"))
    if record.model_bytes is not None:
        told.append(_together(file_size(record.model_bytes)))
    return ", ".join(told)


def _architecture(record: RunRecord) -> str:
    size, recipe = record.recipe.data.image_size, record.recipe
    trainable = record.environment.get("trainable_parameters")
    total = record.summary.parameters
    learned = "" if total is None else f", {total:,} parameters"
    if isinstance(trainable, int) and trainable != total:
        learned += f" of which {trainable:,} learn"
    return (
        f"{recipe.trained.architecture} of timm{learned}; input: {size} × {size} pixels in three channels; pooled "
        f"features go through one linear layer to {len(recipe.class_set)} outputs."
    )


def _weights(record: RunRecord) -> str:
    known = record.environment.get("weights")
    asked = record.recipe.trained.weights
    facts = known if isinstance(known, dict) else {}
    own = record.statement.entry("weights_licence")
    if asked == "none":
        return f"Random weights (seed {record.recipe.optimisation.seed})."
    if asked == "hub":
        name = f" ({facts['name']})" if facts.get("name") else ""
        licence = facts.get("licence") or own or "not known here"
        return f"timm's pretrained weights{name}; licence: {licence}. The last layer begins at random."
    digest = f" (SHA-256 {facts['sha256']})" if facts.get("sha256") else ""
    name = facts.get("name") or name_of(asked)
    return f"The file {name}{digest}; licence: {facts.get('licence') or own or 'not known here'}."


def _learned_from(record: RunRecord) -> str:
    recipe = record.recipe
    words = f"the labels and the teacher: {losses_words(recipe)}" if recipe.loss_terms else "the labels alone"
    curriculum = curriculum_words(recipe)
    return f"{words}; curriculum: {curriculum}" if curriculum else words


def _teacher(record: RunRecord) -> str:
    recipe = record.recipe
    if not recipe.needs_teacher:
        return ""
    named = [name_of(run) for run in (recipe.teacher.run, *recipe.teacher.also) if run]
    theirs = str(record.environment.get("origin") or "").partition("its teacher: ")[2]
    return (", ".join(named) or recipe.teacher.architecture) + (f" ({theirs})" if theirs else "")


def _objective(record: RunRecord) -> str:
    recipe, values = record.recipe, record.recipe.optimisation
    labels = f"{CLASSIFICATION_LOSSES[values.classification_loss].title.lower()} loss with the labels"
    labels += f" (smoothed by {values.label_smoothing:g})" if values.label_smoothing else ""
    if not recipe.loss_terms:
        return f"Loss: {labels}."
    return f"Loss: alpha × distillation + (1 − alpha) × {labels}. It learns from {_learned_from(record)}."


def _optimisation(record: RunRecord) -> str:
    """Every setting of the optimisation, by the names of the form."""
    values = record.recipe.optimisation
    told = []
    for spec in fields_of(record.recipe, "optimisation"):
        value = getattr(values, spec.key.partition(".")[2])
        unit = f" {spec.unit}" if spec.unit else ""
        shown = dict(spec.titles).get(value, value) if isinstance(value, str) else f"{value:g}"
        told.append(f"{spec.title.lower()} {shown}{unit}")
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _augmentation(record: RunRecord) -> str:
    if record.recipe.probes:
        return "No augmentation: its last layer learned from features of the upright images, computed once."
    values = record.recipe.optimisation
    views = AUGMENTATIONS[values.augmentation]
    mixed = "" if values.mixture == "none" else f" Images of a batch are mixed: {MIXTURES[values.mixture].help}."
    if views.name == "none":
        return f"No augmentation.{mixed}"
    return f"Augmentation in training: {views.help}.{mixed}"


def _epochs(record: RunRecord) -> str:
    status = record.summary.status
    best = [each.epoch for each in record.history if each.best]
    epochs = f"{status.epoch} of at most {status.epochs}" if status.epochs else NONE
    return f"{epochs}; the best was {best[-1]}" if best else epochs


def _selection(record: RunRecord) -> str:
    values, best = record.recipe.optimisation, [each.epoch for each in record.history if each.best]
    titles = dict(field("optimisation.monitor").titles)
    patience = f", and after {values.patience} epochs without a better one training ends" if values.patience else ""
    found = f" Epoch {best[-1]} of {len(record.history)} was best." if best else ""
    watched = titles.get(values.monitor, values.monitor).lower()
    return f"The epoch with the best {watched} on the validation images is taken{patience}.{found}"


def _tried(record: RunRecord) -> str:
    study = record.summary.annotations.study
    of = f"It is a run of the study {study}. " if study else ""
    if record.tried > 1:
        return (
            f"{of}{record.tried:,} finished runs here, this one among them, share its division of the images: who "
            "picks the best of them by its test score is flattered by that choice."
        )
    return f"{of}No other finished run here shares its division of the images." if record.tried else of.strip()


def _ensemble(record: RunRecord) -> str:
    teachers = 1 + len(record.recipe.teacher.also) if record.recipe.needs_teacher else 0
    if teachers > 1:
        counted = WEIGHTINGS[record.recipe.teacher.weighting].title.lower()
        return f"One model answers. In training, the outputs of {teachers} teachers counted {counted}."
    return "One model answers; there is no ensemble."


def _output(record: RunRecord) -> str:
    count, temperature = len(record.recipe.class_set), record.temperature
    fitted = "" if temperature is None else f" after division by the temperature {temperature:.3g}"
    return (
        f"{count} probabilities that sum to 1: softmax of the outputs{fitted}. The diagnosis is the class with the "
        "largest; beside it stand prediction sets and a warning for pictures unlike the training images."
    )


def _seeds(record: RunRecord) -> str:
    recipe = record.recipe
    return f"training {recipe.optimisation.seed}, division of the images {recipe.data.seed}"


def _started(record: RunRecord) -> str:
    return moment(record.summary.status.created)


def _time(record: RunRecord) -> str:
    status = record.summary.status
    device = status.device or record.environment.get("device_name")
    return f"{duration(status.seconds)}{f' on {device}' if device else ''}"


def _energy(record: RunRecord) -> str:
    noted = record.environment.get("energy")
    counted = noted if isinstance(noted, dict) else {}
    joules = counted.get("joules")
    if not isinstance(joules, dict) or not joules:
        return NOT_COUNTED if record.environment else ""
    told = ", ".join(f"{name} {float(value) / _WATT_HOUR:,.1f} Wh" for name, value in joules.items())
    seconds = float(counted.get("seconds") or 0)
    return f"{told}, over {duration(seconds)}, as the computer's own counters say, with all else that ran on it"


def _system(record: RunRecord) -> str:
    known = [str(record.environment[name]) for name in ("os", "cpu") if record.environment.get(name)]
    compilation = record.environment.get("compilation")
    if isinstance(compilation, dict) and compilation.get("compiled") is True:
        known.append(f"training steps compiled ({compilation.get('reason')})")
    return ", ".join(known)


def _software(record: RunRecord) -> str:
    packages = record.environment.get("packages")
    if not isinstance(packages, dict):
        return ""
    named = {"Python": record.environment.get("python"), **packages}
    named |= {"CUDA": record.environment.get("cuda"), "cuDNN": record.environment.get("cudnn")}
    return ", ".join(f"{name} {version}" for name, version in named.items() if version)


def _protocol(record: RunRecord) -> str:
    return (
        "The recipe holds every setting, split.csv the part of every image; both are in the run's folder, their hashes "
        "and the recipe in this report, with the command that repeats the run."
    )


def _together(text: str) -> str:
    """The text with spaces at which lines do not break."""
    return text.replace(" ", "\u00a0")


FACTS = (
    RunFact("kind", "Kind of study", _kind),
    RunFact("goal", "Goal", _goal),
    RunFact("model", "Model", _model),
    RunFact("architecture", "Architecture", _architecture),
    RunFact("weights", "Starting weights", _weights),
    RunFact("learned_from", "Learned from", _learned_from),
    RunFact("teacher", "Teacher", _teacher),
    RunFact("objective_function", "Loss", _objective),
    RunFact("optimisation", "Optimisation", _optimisation),
    RunFact("augmentation", "Augmentation", _augmentation),
    RunFact("epochs", "Epochs", _epochs),
    RunFact("selection", "Choice of the epoch", _selection),
    RunFact("tried", "Runs that were tried", _tried),
    RunFact("ensemble", "Ensemble", _ensemble),
    RunFact("output", "Output", _output),
    RunFact("seeds", "Seeds", _seeds),
    RunFact("started", "Started", _started),
    RunFact("time", "Computing time", _time),
    RunFact("energy", "Energy", _energy),
    RunFact("system", "System", _system),
    RunFact("software", "Versions", _software),
    RunFact("protocol", "Technical details", _protocol),
)
"""Facts of the model and its training."""
