"""The three paths of the IDGI study as its experiments walk them, and its networks."""

from saliency_audit.attributions import BlurPath, GuidedPath, Path, StraightPath

PATHS = ("ig", "gig", "blurig")
# The widest blur of the reference implementation, at the size of ImageNet's pictures.
MAX_SIGMA, SIDE = 50.0, 224
# The networks of the paper's tables.
PAPER_MODELS = (
    "densenet121",
    "densenet169",
    "densenet201",
    "inception_v3",
    "mobilenet_v2",
    "resnet50",
    "resnet101",
    "resnet152",
    "vgg16",
    "vgg19",
)


def study_path(name: str, steps: int, side: int) -> Path:
    """The path of a method at a number of steps, for pictures of `side` pixels.

    The paper does not print the settings of Guided IG and Blur IG: they are the reference
    implementation's (fraction 0.25, max_dist 0.02; σ up to 50 pixels at 224, scaled with the
    picture's side for smaller ones).

    Raises:
        ValueError: unknown name or too few steps.
    """
    if name == "ig":
        return StraightPath(steps)
    if name == "gig":
        return GuidedPath(steps)
    if name == "blurig":
        return BlurPath(steps, max_sigma=MAX_SIGMA * side / SIDE)
    raise ValueError(f"unknown path {name!r}; known: {', '.join(PATHS)}")
