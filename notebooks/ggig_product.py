# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # GGIG and the baseline: with and without the product
#
# **Claim GG-PRODUCT** (GGIG paper, §3). Not multiplying the collected gradients by x − x′ keeps the input
# from dominating the map, and resolves the problem of choosing a baseline.
#
# *In plain words.* A path method walks from a baseline x′, say a black picture, to the image x.
# Integrated Gradients averages the gradients on the way and multiplies the average by x − x′. A pixel that
# equals the baseline then gets 0, whatever the model does with it: with a black baseline, black pixels can
# never matter. The paper leaves the product out, for Integrated Gradients and for GGIG. Two questions follow.
# Is the map less like the image? And does it stay the same whatever the baseline?
#
# *What is compared.* Maps of the same image from three baselines: black, white, and a wide blur of the image
# itself. Each map is compared with the maps from the other two (1 means that the baseline does not matter),
# and with the distance |x − x′| of the image from its baseline (high means that the input shows through).
# Both comparisons use the rank correlation of magnitudes. The first question compares maps *with* and
# *without* the product on the same image; the second asks for a correlation above 0.9.
#
# *Which methods.* All of the library that start at a baseline. Blur IG makes its own baseline from the image.
# Gradients, SmoothGrad, Grad-CAM, RISE and guided backpropagation have none, so the question does not apply.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference (MNIST, ImageNet sample) or paper
setting: str | None = None  # of the profile's settings, e.g. photographs (default: all)
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's, or the network's own)
n_images: int | None = None  # candidate images (default: the profile's)
methods: tuple[str, ...] | None = None  # methods with a baseline (default: all twelve)
steps: int | None = None  # points on the paths, both ends included (default: the profile's)
climb_points: int | None = None  # points from which GGIG climbs (default: the profile's)
ascents: int | None = None  # steps of each climb (default: the profile's)
learning_rate: float | None = None  # of the climb (default: 0.0001, the paper's)
seed: int | None = None  # order of the images (default: the profile's)
sign: str = "absolute"  # maps in the figures: absolute or signed
shown: int = 4  # images in the first picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.attributions import saliency
from saliency_audit.attributions.baselines import BASELINES, baselines_for
from saliency_audit.report.figures.ggig.climb import climb_settings
from saliency_audit.report.figures.ggig.product import (
    baseline_table,
    show_agreement,
    show_dominance,
)
from saliency_audit.report.figures.maps import show_maps
from saliency_audit.report.names import ggig_name
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.ggig_methods import effort_in, explainers
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("ggig_product")
overrides = chosen_parameters(experiment, globals())
settings = experiment.configure(profile, overrides)
claim = ledger.load_claims()["GG-PRODUCT"]
rows = study.compute(experiment, profile, overrides)
recorded = ledger.recorded_rows(claim, "reference")

# %% tags=["remove-input"]
Markdown(climb_settings(experiment, this_run=settings, reference=experiment.configure("reference")))

# %% [markdown]
# ## What the maps look like
#
# The first images that the last network classifies correctly. Below them the magnitudes of three maps,
# from each of the three baselines; every map is scaled to its own 99th percentile.

# %% mystnb={"image": {"alt": "Images in the first row; below, nine rows of maps: Integrated Gradients with the product, without it, and GGIG, each from a black, a white and a blurred baseline"}}
last = settings[-1]
name = last.models[-1]
chosen = select(name, images_of(name, last.images), last.seed, 0, 2 * shown)
pictures, targets = chosen.pictures[:shown], chosen.targets[:shown]
maps = {
    f"{ggig_name(name)},\n{baseline}": saliency(
        explain(chosen.model, pictures, targets, baselines_for(pictures, None, baseline))
    )
    for name, explain in explainers(
        ("ig", "ig_without_product", "ggig"), effort_in(vars(last)), last.seed
    ).items()
    for baseline in BASELINES
}
titles = [f"class {int(target)}" for target in targets]
figure = show_maps(pictures, maps, titles, size=0.9)

# %% [markdown]
# ## Does the input show through?
#
# Rank correlation of every map with |x − x′|. A grey dot is an image, the diamond the mean with its 95 %
# interval. *IG with product*, *Guided IG* and *DeepLIFT* contain the product; the others do not. Nor do the
# IDGI variants, whose rule distributes differences of the score by the gradient alone. Gradients, edges and
# random maps are shown for comparison: edges resemble the input without using the network, and random maps
# have no relation to it.

# %% mystnb={"image": {"alt": "Rank correlation of the map of every method with the distance of the image from its baseline, a dot per image and the mean with its interval: a row of panels per network, a column per baseline"}}
figure = show_dominance(rows, sign)

# %% [markdown]
# The same for the recorded reference run, on MNIST and on photographs:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Rank correlation of the map of every method with the distance of the image from its baseline in the recorded reference run: a row of panels per network, a column per baseline"}}
show_recorded(recorded, show_dominance, sign)

# %% [markdown]
# ## Does the baseline matter?
#
# Rank correlation of the maps of one image from two baselines. Dashed: the 0.9 that the test asks for.
# Gradients, edges and random maps have no baseline and agree perfectly: agreement alone is no merit.

# %% mystnb={"image": {"alt": "Rank correlation of the maps of one image from two baselines for every method, a dot per image and the mean with its interval: a row of panels per network, a column per pair of baselines"}}
agreement = claim.external.parameters["questions"][1]["pairs"][0][1]
figure = show_agreement(rows, sign, agreement)

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Rank correlation of the maps of one image from two baselines for every method in the recorded reference run: a row of panels per network, a column per pair of baselines"}}
show_recorded(recorded, show_agreement, sign, agreement)

# %% [markdown]
# ## Recorded run, this machine
#
# The paper prints no number on this. Mean rank correlation over the images, of magnitudes: first of maps
# from two baselines, then of the map and |x − x′|.

# %% tags=["remove-input"]
HTML(as_html(baseline_table(sources(recorded, rows), "absolute")))

# %% [markdown]
# The same for signed maps; here the map is compared with x − x′ with its sign:

# %% tags=["remove-input"]
HTML(as_html(baseline_table(sources(recorded, rows), "signed")))

# %% [markdown]
# ## What the test asks
#
# *Input dominance*: correlation with |x − x′| without the product minus that with it, expected below 0.

# %% tags=["remove-input"]
audit = ledger.audit_claim("GG-PRODUCT")
runs = both_runs(audit, rows)
HTML(
    as_html(
        pivot_table(
            runs,
            ["model", "first"],
            ["method"],
            only=lambda keys: keys["question"] == "input dominance",
            named=ggig_name,
        )
    )
)

# %% [markdown]
# *Agreement*: correlation of the maps from two baselines minus 0.9, expected above 0.

# %% tags=["remove-input"]
HTML(as_html(pivot_table(runs, ["model", "first", "second"], ["method"], named=ggig_name)))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
