"""Every metric, declared once: its range, its better side and what it needs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from saliency_audit.errors import refuse_unknown

Better = Literal["higher", "lower", "neither"]

#: What a metric is computed from.
NEEDS: Mapping[str, str] = {
    "map": "one map",
    "pair": "two maps of one image",
    "region": "a map and where the object is",
    "model": "a map and the model that it explains",
    "method": "a method, which explains the image once more after a change",
    "training": "predictors that were trained on different folds",
}
ARROWS: Mapping[Better, str] = {"higher": "↑", "lower": "↓", "neither": ""}


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        name: in the ledger.
        title: in tables.
        needs: of `NEEDS`.
        better: whether higher or lower is better; "neither" for similarities of two maps and for
            counts, which say nothing about quality by themselves.
        low: the smallest possible value; −inf if there is none.
        high: the largest; inf if there is none.
        equal: the value of two equal maps, for a metric of pairs.
        function: of `saliency_audit.metrics` that computes it; the one of the same name if not
            given.
    """

    name: str
    title: str
    needs: str
    better: Better = "neither"
    low: float = 0
    high: float = 1
    equal: float | None = None
    function: str = ""

    def __post_init__(self) -> None:
        refuse_unknown("need of a metric", self.needs, NEEDS)
        refuse_unknown("better side", self.better, get_args(Better))
        if not self.low < self.high:
            raise ValueError(f"the range of {self.name!r} is empty: {self.low} to {self.high}")

    @property
    def computed_by(self) -> str:
        """Name of the function."""
        return self.function or self.name

    @property
    def arrow(self) -> str:
        """ "↑" where higher is better, "↓" where lower is, else nothing."""
        return ARROWS[self.better]

    @property
    def range(self) -> str:
        """`[0, 1]`, or `[0, ∞)` where there is no bound."""
        low = "(−∞" if math.isinf(self.low) else f"[{self.low:g}".replace("-", "−")
        high = "∞)" if math.isinf(self.high) else f"{self.high:g}]"
        return f"{low}, {high}"


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("explainability", "M_E", "region", "higher"),
        Metric("region_iou", "IoU of regions", "region", "higher"),
        Metric("box_iou", "IoU of boxes", "region", "higher"),
        Metric("pointing_game", "pointing game", "region", "higher"),
        Metric("mass_inside", "mass inside", "region", "higher"),
        Metric("object_precision", "on the object", "region", "higher", function="share_within"),
        Metric("edge_overlap", "on edges", "map", function="share_within"),
        Metric("map_area", "area", "map"),
        Metric("total_variation", "total variation", "map"),
        Metric("connected_components", "components", "map", low=1, high=math.inf),
        Metric("pearson_skewness", "Pearson's skewness", "map", low=-3, high=3),
        Metric("insertion_score", "insertion, probability", "model", "higher"),
        Metric(
            "insertion_ratio",
            "insertion, ratio",
            "model",
            "higher",
            high=math.inf,
            function="insertion_score",
        ),
        Metric("deletion_score", "deletion, probability", "model", "lower"),
        Metric(
            "deletion_ratio",
            "deletion, ratio",
            "model",
            "lower",
            high=math.inf,
            function="deletion_score",
        ),
        Metric("faithfulness", "M_F", "model", "higher"),
        Metric("information_curve", "AIC and SIC", "model", "higher"),
        Metric("mu_fidelity", "μF", "model", "higher", low=-1),
        Metric("increase_in_confidence", "increase in confidence", "model", "higher"),
        Metric("average_drop", "average drop", "model", "lower"),
        Metric(
            "average_drop_in_deletion",
            "average drop in deletion",
            "model",
            "higher",
            low=-math.inf,
        ),
        Metric("insertion_correlation", "insertion correlation", "model", "higher", low=-1),
        Metric("taylor_error", "projection error", "model", "lower", high=math.inf),
        Metric("jpeg_stability", "JPEG stability", "method", "higher", -math.inf, math.inf),
        Metric("mege", "MeGe", "training", "higher"),
        Metric("reco", "ReCo", "training", "higher", low=-1),
        Metric("reco_auc", "mean ReCo", "training", "higher", low=-1),
        Metric("spearman", "Spearman", "pair", low=-1, equal=1),
        Metric("ssim", "SSIM", "pair", low=-1, equal=1),
        Metric("dice", "Dice", "pair", equal=1),
        Metric("weighted_jaccard", "weighted Jaccard", "pair", equal=1),
        Metric("normalized_mse", "normalised MSE", "pair", high=math.inf, equal=0),
        Metric("kl_divergence", "KL divergence", "pair", high=math.inf, equal=0),
        Metric("wasserstein1", "1-Wasserstein", "pair", high=math.inf, equal=0),
        Metric(
            "l1_distance", "ℓ₁ distance", "pair", high=math.inf, equal=0, function="norm_distance"
        ),
        Metric(
            "l2_distance", "ℓ₂ distance", "pair", high=math.inf, equal=0, function="norm_distance"
        ),
        Metric("mixture_wasserstein", "MW₂ of mixtures", "pair", high=math.inf, equal=0),
        Metric("xmgd", "XMGD", "pair", high=math.inf, equal=0),
    )
}
