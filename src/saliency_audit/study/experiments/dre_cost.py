"""What a map costs by the ten methods of the DRE study: passes, steps and seconds, all measured."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor, nn

from saliency_audit.attributions import Explainer, GradCam, GradCamPlusPlus, Saliency
from saliency_audit.attributions.engine import frozen
from saliency_audit.attributions.layers import find_layer
from saliency_audit.attributions.relevance import RelevanceEstimator
from saliency_audit.study.columns import Column
from saliency_audit.study.dre_methods import METHODS, VARIANTS, Effort, asked_of, explainers, reads
from saliency_audit.study.estimators import noting_estimators
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments import dre_scores
from saliency_audit.study.experiments.dre_scores import effort_in
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.passes import counted_passes, counted_steps
from saliency_audit.study.searched_masks import SearchedMask
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import network_tasks
from saliency_audit.study.timing import device_name, quickest

# Seconds in which the quickest map of a repeat is taken: other work disturbs short ones most.
WITHIN = 0.1
COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    Column("repeat", "integer", "", "which of the repeats, from 0"),
    Column("asked", "integer", "", "iterations, samples or points asked for; 1 without any"),
    Column("forward_passes", "integer", "pictures", "through the classifier for the map"),
    Column("backward_passes", "integer", "pictures", "back through the classifier for the map"),
    Column("generator_passes", "integer", "pictures", "through mask generators for the map"),
    Column("optimizer_steps", "integer", "steps", "of an optimiser for the map"),
    Column("seconds", "number", "s", f"wall-clock time of the map, the quickest within {WITHIN} s"),
    *shared("device"),
)


@dataclass(frozen=True)
class Parameters(dre_scores.Parameters):
    """Parameters of `dre_scores`, by default with the iterations of the paper.

    Every image is a task and is explained alone, `repeats` times by every method in turn.
    """

    n_images: int = 2
    slice_size: int = 1
    explained: tuple[str, ...] = (*METHODS, *VARIANTS)
    iterations: int = Effort.iterations
    inversions: int = Effort.inversions
    samples: int = Effort.samples
    steps: int = Effort.steps
    repeats: int = 5


@noting_estimators
@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × repeat × method.

    What is done once for a network is done before: estimators are loaded, the layer whose maps some
    methods weigh is found, and the network is asked whether it answers for each image by itself.
    """
    effort, model = effort_in(given), chosen.model
    made = explainers(given["explained"], given["model"], given, effort, given["seed"])
    device = chosen.pictures.device
    Saliency()(model, chosen.pictures[:1], chosen.targets[:1])
    weighed = _name_of_layer(model, chosen.pictures[:1])
    ready = {name: _ready(explain, weighed) for name, explain in made.items()}
    for position in range(len(chosen.indices)):
        one = slice(position, position + 1)
        on = (model, chosen.pictures[one], chosen.targets[one])
        for repeat in range(given["repeats"]):
            for name, explain in ready.items():
                with ExitStack() as counting:
                    through = counting.enter_context(counted_passes(model))
                    generated = [
                        counting.enter_context(counted_passes(layer))
                        for layer in _last_of_generators(explain)
                    ]
                    taken = counting.enter_context(counted_steps())
                    seconds, runs = quickest(partial(explain, *on), device, WITHIN)
                yield {
                    "method": name,
                    "position": position,
                    "repeat": repeat,
                    "asked": asked_of(name, effort),
                    "forward_passes": through["forward"] // runs,
                    "backward_passes": through["backward"] // runs,
                    "generator_passes": sum(each["forward"] for each in generated) // runs,
                    "optimizer_steps": taken["steps"] // runs,
                    "seconds": seconds,
                    "device": device_name(device),
                }


def _name_of_layer(model: nn.Module, picture: Tensor) -> str:
    """The layer that Grad-CAM, Grad-CAM++ and FInv take; finding it takes a pass."""
    with frozen(model):
        found = find_layer(model, None, picture)
    return next(name for name, layer in model.named_modules() if layer is found)


def _ready(explain: Explainer, layer: str) -> Explainer:
    """The method with its layer named, and in single precision as all others are."""
    if isinstance(explain, GradCam | GradCamPlusPlus):
        return replace(explain, layer=layer)
    if isinstance(explain, SearchedMask):
        settings = {**explain.settings, **({"layer": layer} if explain.name == "finv" else {})}
        return replace(explain, settings=settings, double=False)
    return explain


def _last_of_generators(explain: Explainer) -> Sequence[nn.Module]:
    """The last layer of every mask generator that a method has, which runs once in each pass."""
    parts = vars(explain).values()
    return [part.generator.last for part in parts if isinstance(part, RelevanceEstimator)]


EXPERIMENT = Experiment(
    name="dre_cost",
    title="What a map costs by DRE and its nine competitors: passes, steps, seconds",
    version=1,
    profiles={
        "embedded": {"shapes": Parameters()},
        "reference": {
            "shapes": Parameters(n_images=4, n_train=3000, epochs=3),
            "cutouts": Parameters(
                models=("efficientnet_lite0_tiny200",),
                images="cutouts_shown",
                n_train=10000,
                epochs=1,
                filter_epochs=3,
            ),
        },
        "paper": {
            "photographs": Parameters(
                models=("resnet50", "vgg19", "googlenet"),
                images="imagenet_val",
                n_images=20,
                n_train=1281167,
                epochs=10,
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
    reads=reads,
)
