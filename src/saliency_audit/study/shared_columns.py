"""The columns that several experiments have, each declared once."""

from collections.abc import Sequence

from saliency_audit.study.columns import Column

#: Columns of every row about one image.
IMAGE = (
    Column("image", "integer", "", "position of the image in its set"),
    Column("image_name", "text", "", "name of the image in its set"),
    Column("target", "integer", "", "true class of the image, which the network predicts too"),
    Column("confidence", "number", "probability", "softmax probability of the target"),
)
#: In place of IMAGE's target, of images that are explained however they are classified.
PREDICTED = Column("target", "integer", "", "class that is explained, which the network predicts")
#: How alike two maps are: `sanity.MEASURES`.
SIMILARITIES = (
    Column("spearman", "number", "−1 to 1", "rank correlation of the two maps"),
    Column("ssim", "number", "−1 to 1", "structural similarity; NaN below 11 pixels per side"),
    Column("weighted_jaccard", "number", "0 to 1", "overlap of the two maps over their union"),
    Column("reverse_mse", "number", "at most 1", "1 − squared error relative to the second map"),
)
#: Which predictors of the MeGe/ReCo study: `study.predictors.Series`.
SERIES = (
    Column("images", "text", "", "the image set that the predictors were trained on"),
    Column("model", "text", "", "their architecture"),
    Column("degradation", "text", "", "what makes them worse: none, weights or labels"),
    Column("level", "integer", "%", "how much of it"),
)
#: Where the points of information curves are measured.
AT_POINTS = "at the start, at each threshold, and for the whole picture"

_SHARED = (
    *IMAGE,
    Column("model", "text", "", "the network, by its name in the catalogue"),
    Column("images", "text", "", "the image set, by its name in the catalogue"),
    Column("method", "text", "", "the explanation method"),
    Column("area", "number", "share", "of the picture that the object covers"),
    Column("path", "text", "", "the path from the baseline to the image"),
    Column("steps", "integer", "points", "on the path"),
    Column("points", "integer", "points", "on GGIG's line, both ends included"),
    Column("ascents", "integer", "steps", "of GGIG's climb at each point"),
    Column("climb_points", "integer", "points", "on GGIG's line, both ends included"),
    Column("climb_ascents", "integer", "steps", "of GGIG's climb at each point"),
    Column(
        "against",
        "text",
        "",
        "networks with noise on the weights, or unrelated: all re-initialised",
    ),
    Column("draw", "integer", "", "which of the random draws, from 0"),
    Column("sign", "text", "", "maps compared by magnitude (absolute) or with signs (signed)"),
    Column("probability", "number", "probability", "of the target, after the change"),
    Column("ic_file_size", "numbers", "bytes", f"size of the lossless WebP file {AT_POINTS}"),
    Column("ic_probability", "numbers", "probability", f"of the target {AT_POINTS}"),
    Column("ic_correct", "numbers", "0 or 1", f"whether the target is the top class {AT_POINTS}"),
    Column("device", "text", "", "the GPU, or the CPU and its threads"),
)
_BY_NAME = {column.name: column for column in _SHARED}


def shared(*names: str) -> Sequence[Column]:
    """Shared columns by their names, in this order."""
    return [_BY_NAME[name] for name in names]
