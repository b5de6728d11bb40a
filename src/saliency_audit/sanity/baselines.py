"""Does a map depend on the baseline, and does the image dominate it?"""

from collections.abc import Callable, Mapping
from inspect import signature
from itertools import combinations
from typing import Any

import pandas as pd
from torch import Tensor, nn

from saliency_audit.attributions.arguments import fixed_targets
from saliency_audit.attributions.targets import Targets
from saliency_audit.sanity.comparison import similarity_rows, validate_comparison

# : Value of `second` where a map is compared with the image's difference from the baseline.
DIFFERENCE = "input_difference"


def baseline_similarity(
    model: nn.Module,
    explainers: Mapping[str, Callable[..., Tensor]],
    images: Tensor,
    targets: Targets,
    baselines: Mapping[str, Tensor],
    *,
    input_difference: bool = False,
    scaling: str = "min-max",
) -> pd.DataFrame:
    """Similarity of an image's maps from two baselines, and of each map with x − x′.

    Args:
        model: maps `(N, C, H, W)` in [0, 1] to logits.
        explainers: methods by name, called with model, images, targets and, if they have such an
            argument, `baselines`; the maps of any other method are the same for all baselines.
        images: `(N, C, H, W)`.
        targets: classes in any form of `Targets`.
        baselines: at least two, `(N, C, H, W)` each, by name.
        input_difference: whether to compare every map with x − x′, the image minus the baseline,
            too. A product with x − x′ makes a map similar to it, whatever the model does.
        scaling: of the maps, and of x − x′, before they are compared; see `similarities`.

    Returns:
        A row per image × method × sign × pair of baselines: `position`, `method`, `sign`, `first`,
        `second`, and a column per measure of `MEASURES`. With `input_difference` also a row per
        image × method × sign × baseline, whose `second` is "input_difference".

    Raises:
        ValueError: no method or image, fewer than two baselines, an unknown scaling, or as the
            methods.

    Source: GGIG paper, §3.
    """
    validate_comparison(explainers, images, scaling)
    if len(baselines) < 2:
        raise ValueError(f"two baselines are needed to compare, got {list(baselines)}")
    classes = fixed_targets(model, images, targets)
    rows: list[dict[str, Any]] = []
    for name, explain in explainers.items():
        on = (model, images, classes)
        if "baselines" in signature(explain).parameters:
            maps = {key: explain(*on, baselines=start) for key, start in baselines.items()}
        else:
            maps = dict.fromkeys(baselines, explain(*on))
        for first, second in combinations(baselines, 2):
            keys = {"method": name, "first": first, "second": second}
            rows += similarity_rows(maps[first], maps[second], keys, scaling=scaling)
        for first, start in baselines.items() if input_difference else ():
            keys = {"method": name, "first": first, "second": DIFFERENCE}
            rows += similarity_rows(maps[first], images - start, keys, scaling=scaling)
    return pd.DataFrame(rows)
