"""XMGD of the same maps with other numbers of Gaussians, bins, levels, filters and starts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from torch import Tensor

from saliency_audit.metrics import MultiScale, fit_maps, xmgd_terms
from saliency_audit.study.columns import Column
from saliency_audit.study.detector_maps import (
    MESO_DEEPFAKES,
    MapParameters,
    defined_in_all,
    maps_of,
    mixtures_in,
    unit_maps,
)
from saliency_audit.study.experiment import Experiment
from saliency_audit.study.image_rows import Given, Rows, on_images
from saliency_audit.study.selection import Selection
from saliency_audit.study.shared_columns import IMAGE, shared
from saliency_audit.study.slices import slice_tasks
from saliency_audit.study.validation import validate_counts

# What rows are called in which nothing is changed.
NOTHING = "nothing"
COLUMNS = (
    *shared("model", "images", "method"),
    Column("other_method", "text", "", "the method of the second map"),
    *IMAGE,
    Column("changed", "text", "", f"which choice is another than the study's; {NOTHING} if none"),
    Column("value", "text", "", "what it is instead"),
    Column("xmgd", "number", "side of the picture, squared", "XMGD of the two maps"),
)


@dataclass(frozen=True)
class Parameters(MapParameters):
    """Parameters of the maps, on `side` × `side` pixels, and what each choice is changed to.

    One choice is changed at a time: the number of Gaussians, b of the weights ⌊s/b⌋ (0 for s
    itself), the levels (the filters up to the named side), the kind of filters, the seed of EM. The
    paper gives the levels only.
    """

    n_images: int = 16
    slice_size: int = 8
    side: int = 32
    components: int = 5
    other_components: tuple[int, ...] = (3, 10)
    other_widths: tuple[float, ...] = (0.0, 0.01, 0.1)
    other_levels: tuple[int, ...] = (1, 3, 9)
    other_windows: tuple[str, ...] = ("gaussian",)
    other_seeds: tuple[int, ...] = (1, 2, 3)

    def __post_init__(self) -> None:
        super().__post_init__()
        validate_counts(side=self.side)
        if len(self.explained) < 3:
            raise ValueError("the distances of at least three methods are compared")
        if self.side < 2 * max((1, *self.other_levels)):
            raise ValueError(f"maps of {self.side} pixels are too small for other_levels")
        for count in self.other_components:
            validate_counts(other_components=count)
        variations(vars(self))


def variations(given: Given) -> Mapping[tuple[str, str], MultiScale]:
    """How mixtures are fitted, by what is changed and its value; first as the study does."""
    base = mixtures_in(given)
    found = {(NOTHING, ""): base}
    for count in given["other_components"]:
        found["components", str(count)] = replace(base, components=count)
    for width in given["other_widths"]:
        found["width", f"{width:g}"] = replace(base, width=width or None)
    for largest in given["other_levels"]:
        found["levels", str(largest)] = replace(base, kernels=(*range(1, largest, 2), largest))
    for window in given["other_windows"]:
        found["window", window] = replace(base, window=window)
    for seed in given["other_seeds"]:
        found["seed", str(seed)] = replace(base, seed=seed)
    return found


@on_images(COLUMNS)
def compute(chosen: Selection, given: Given) -> Rows:
    """Rows of one task: choice × pair of methods × image.

    An image is left out of which a map is constant, or has fewer pixels with a weight than a
    mixture has Gaussians, with any of the choices.
    """
    units = {name: unit_maps(maps, given["side"]) for name, maps in maps_of(chosen, given)}
    tried = variations(given)
    kept = defined_in_all(units.values(), *tried.values())
    positions = kept.nonzero().flatten().tolist()
    for (changed, value), settings in tried.items() if positions else ():
        for pair, distances in _distances(
            {name: unit[kept] for name, unit in units.items()}, settings
        ):
            about = {"method": pair[0], "other_method": pair[1], "changed": changed, "value": value}
            for position, distance in zip(positions, distances.tolist(), strict=True):
                yield {"position": position, **about, "xmgd": distance}


def _distances(
    units: Mapping[str, Tensor], settings: MultiScale
) -> Iterator[tuple[tuple[str, str], Tensor]]:
    """XMGD of every two methods' maps, `(N,)`, with their names."""
    fits = {name: fit_maps(unit, settings) for name, unit in units.items()}
    for first, second in combinations(fits, 2):
        yield (first, second), xmgd_terms(fits[first], fits[second]).mean(dim=0)


FACES = Parameters(
    models=MESO_DEEPFAKES,
    images="faces_easy",
    n_images=200,
    slice_size=20,
    side=64,
    components=10,
    other_components=(3, 5, 20),
    other_seeds=(1, 2, 3, 4, 5),
)
EXPERIMENT = Experiment(
    name="xmgd_sensitivity",
    title="XMGD with other choices where the paper leaves them open",
    version=1,
    profiles={
        "embedded": Parameters(),
        "reference": FACES,
        "paper": replace(FACES, images="deepfakes", n_images=2000, side=256),
    },
    split=slice_tasks,
    compute=compute,
    recorded=COLUMNS,
)
