"""The cost of a map by every method: passes through the network, counted, and seconds."""

from dataclasses import asdict, dataclass
from functools import partial

from saliency_audit.attributions import Saliency
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment, Task
from saliency_audit.study.ggig_methods import METHODS, VARIANTS, Effort, effort_in, explainers
from saliency_audit.study.image_parameters import ImageParameters
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.passes import counted_passes
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import whole_tasks
from saliency_audit.study.timing import device_name, quickest

COLUMNS = (
    *shared("model", "images", "method"),
    *IMAGE,
    Column("forward_passes", "integer", "pictures", "through the network for the map"),
    Column("backward_passes", "integer", "pictures", "back through the network for the map"),
    Column("seconds", "number", "s", "wall-clock time of the map"),
    Column("gradient_seconds", "number", "s", "of one gradient of the same image"),
    *shared("device"),
)


@dataclass(frozen=True)
class Parameters(ImageParameters):
    """Parameters of the experiment.

    The rest are the methods and their `Effort`, by default the settings of the papers. GGIG's
    variants cost the same as GGIG and are left out.
    """

    n_images: int = 2
    methods: tuple[str, ...] = tuple(name for name in METHODS if name not in VARIANTS)
    steps: int = 51
    ascents: int = 200
    learning_rate: float = 1e-4
    samples: int = 50
    masks: int = 1000


def tasks(parameters: Parameters) -> list[Task]:
    """One task per model, so that what is compared is timed in one process."""
    effort = asdict(effort_in(vars(parameters)))
    return whole_tasks(parameters, without=tuple(effort), more={"effort": effort})


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one model: one per image and method, each image explained alone."""
    made = explainers(given["methods"], Effort(**given["effort"]), given["seed"])
    device = chosen.pictures.device
    for position in range(len(chosen.indices)):
        picture = chosen.pictures[position : position + 1]
        on = (chosen.model, picture, chosen.targets[position : position + 1])
        gradient = partial(Saliency(output="logit"), *on)
        gradient()  # before anything is counted, a model is asked whether images are independent
        for method, explain in made.items():
            with counted_passes(chosen.model) as passes:
                seconds, runs = quickest(partial(explain, *on), device)
            yield {
                "method": method,
                "position": position,
                "forward_passes": passes["forward"] // runs,
                "backward_passes": passes["backward"] // runs,
                "seconds": seconds,
                "gradient_seconds": quickest(gradient, device)[0],
                "device": device_name(device),
            }


EXPERIMENT = Experiment(
    name="method_cost",
    title="Passes and seconds per map of every method",
    version=2,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(models=("squeezenet1_0",), images="imagenet_sample", n_images=3),
        "paper": Parameters(models=("inception_v3", "resnet101"), images="imagenet_val"),
    },
    split=tasks,
    compute=compute,
    recorded=COLUMNS,
)
