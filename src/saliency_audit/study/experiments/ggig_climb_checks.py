"""GGIG with fewer points and steps in checks that change the network: is the answer the same?"""

from dataclasses import dataclass

from saliency_audit.models.degradation import with_sigma_noise
from saliency_audit.models.randomization import Randomisation, all_reinitialised
from saliency_audit.sanity import similarity_rows
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.experiments.ggig_climb import climbs, validate_points
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, SIMILARITIES, shared
from saliency_audit.study.slices import slice_tasks

NOISE, UNRELATED = "noise", "unrelated"
COLUMNS = (
    *shared("model", "images", "against", "draw", "points", "ascents", "sign"),
    *IMAGE,
    *SIMILARITIES,
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment.

    `points` of the line, both ends included, and `ascents` at each are the settings; `draws` are
    networks with noise of 1 σ on every weight, and as many with all layers re-initialised.
    """

    models: tuple[str, ...] = ("digits_cnn",)
    points: tuple[int, ...] = (6, 11, 26, 51)
    ascents: tuple[int, ...] = (1, 2, 5, 10, 20)
    learning_rate: float = 1e-4
    draws: int = 4
    slice_size: int = 24

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_points(self.points)


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: image × sign × changed network × setting.

    Each row has the similarity of a setting's map on the changed network to its map on the trained
    one. Noise and unrelated networks are drawn as in `ggig_sigma`.
    """
    on = (chosen.pictures, chosen.targets)
    settings = {name: given[name] for name in ("points", "ascents", "learning_rate")}
    trained = climbs(chosen.model, *on, **settings)
    for draw in range(given["draws"]):
        seed = 1000 * given["seed"] + draw
        changed = {
            NOISE: with_sigma_noise(chosen.model, 1.0, seed=seed),
            UNRELATED: all_reinitialised(
                chosen.model, chosen.pictures[:1], Randomisation(seed=seed)
            ),
        }
        for against, model in changed.items():
            for (points, ascents), maps in climbs(model, *on, **settings).items():
                keys = {"against": against, "draw": draw, "points": points, "ascents": ascents}
                yield from similarity_rows(maps, trained[points, ascents], keys)


EXPERIMENT = Experiment(
    name="ggig_climb_checks",
    title="The checks that change the network, for GGIG with fewer points and steps",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": Parameters(
            models=("mnist_cnn",), ascents=(1, 2, 5, 10, 20, 50, 100, 200), slice_size=6
        ),
        "paper": Parameters(
            models=("mnist_cnn",),
            n_images=100,
            ascents=(1, 2, 5, 10, 20, 50, 100, 200),
            draws=10,
            slice_size=6,
        ),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
