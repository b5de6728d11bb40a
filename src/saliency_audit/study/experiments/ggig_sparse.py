"""The most salient pixels of each method: on edges, on the object, and in how many pieces."""

from dataclasses import dataclass

from torch import Tensor

from saliency_audit.attributions import Edge, saliency
from saliency_audit.metrics import connected_components, explainability, share_within, top_pixels
from saliency_audit.study.columns import Column
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.ggig_methods import CLIMB, CONTROLS, PAPER, explainers_in
from saliency_audit.study.image_parameters import SliceParameters
from saliency_audit.study.image_rows import Given, Rows, per_image
from saliency_audit.study.inputs import named_inputs_and_objects
from saliency_audit.study.objects import BOXED_IMAGES, on_objects
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import network_tasks

COLUMNS = (
    *shared("model", "images", "method"),
    Column("share", "number", "share", "of the pixels that are examined, the most salient ones"),
    *IMAGE,
    *shared("area"),
    Column("edge_overlap", "number", "share", "of these pixels that lie on the strongest edges"),
    Column("connected_components", "number", "pieces", "that they form; NaN for a constant map"),
    Column("object_precision", "number", "share", "of these pixels that lie on the object"),
    Column("explainability", "number", "0 to 1", "average precision of the map for the object"),
)


@dataclass(frozen=True)
class Parameters(SliceParameters):
    """Parameters of the experiment; the images need boxes or masks of their objects.

    `shares` are the shares of most salient pixels to examine, `edge_share` that of the strongest
    edges. `steps` are the points on IG's line, `climb_points` those from which GGIG climbs, with
    `ascents` steps each.
    """

    n_images: int = 60
    methods: tuple[str, ...] = (*PAPER, *CONTROLS)
    shares: tuple[float, ...] = (0.05, 0.1)
    edge_share: float = 0.1
    steps: int = 51
    climb_points: int = 11
    ascents: int = 10
    learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.shares:
            raise ValueError("at least one share of the pixels is needed")
        for share in (*self.shares, self.edge_share):
            if not 0 < share <= 1:
                raise ValueError(f"shares must lie in (0, 1], got {share}")


@on_objects(COLUMNS)
def compute(chosen: Selection, masks: Tensor, given: Given) -> Rows:
    """Rows of one task: image × method × share."""
    # Edges as the control "edge" finds them: up to this share, all its own top pixels are edges.
    edges = top_pixels(saliency(Edge()(*chosen.inputs), "sum_abs"), given["edge_share"])
    regions = masks.cpu()
    areas = regions.double().mean(dim=(1, 2))
    for method, explain in explainers_in(given).items():
        maps = saliency(explain(*chosen.inputs), "sum_abs").cpu()
        whole = explainability(maps, regions)
        for share in given["shares"]:
            marked = top_pixels(maps, share)
            measured = {
                "area": areas,
                "edge_overlap": share_within(marked, edges),
                "connected_components": connected_components(marked),
                "object_precision": share_within(marked, regions),
                "explainability": whole,
            }
            values = {name: value.tolist() for name, value in measured.items()}
            yield from per_image(values, method=method, share=share)


EXPERIMENT = Experiment(
    name="ggig_sparse",
    title="The most salient pixels: on edges, on the object, in how many pieces",
    version=1,
    profiles={
        "embedded": {"shapes": Parameters()},
        # The paper's 200 ascents from each of 51 points are 10,200 gradients per image and network:
        # too many for a CPU. The rate is the paper's.
        "reference": {
            "shapes": Parameters(n_images=300, slice_size=20),
            "photographs": Parameters(
                models=("squeezenet1_0", "mobilenet_v2"),
                images=BOXED_IMAGES,
                n_images=200,
                climb_points=26,
                slice_size=20,
            ),
        },
        "paper": {
            "photographs": Parameters(
                models=("inception_v3", "resnet101"),
                images=BOXED_IMAGES,
                n_images=2000,
                climb_points=51,
                ascents=200,
            ),
        },
    },
    split=network_tasks,
    compute=compute,
    recorded=COLUMNS,
    labels=CLIMB,
    reads=named_inputs_and_objects,
)
