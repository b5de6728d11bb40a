# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Noise on the weights: do score and maps fall to their limits?
#
# **Claim GG-SIGMA** (GGIG paper, §4, Figure 4). As noise on the weights grows to their standard deviation σ,
# the score of the class falls to 1/C and the similarity of the maps to those of the intact model falls to
# 0; the gradient (GRAD, in figures and tables Saliency), Integrated Gradients (IG) and GGIG all satisfy
# this.
#
# *In plain words.* An explanation of a network should depend on what the network has learned. So perturb the
# weights little by little, and see whether the explanations change as the network forgets. With enough
# noise the network guesses, its score is one over the number of classes, and its map should have nothing in
# common with the original map.
#
# *What "nothing in common" means.* Two maps of unrelated networks do not have similarity 0. Both may be
# dark where the picture is empty, and magnitudes of noise overlap by chance. So every method gets its own
# floor: the similarity of its map to its maps on networks whose layers are all re-initialised, as torch does
# before training. A floor alone can be fooled: an edge detector does not depend on the network, so its maps
# always agree, on unrelated networks too. So a curve must also fall. Edges and random maps (different for
# every network) are the controls.
#
# *What was chosen.* As in the authors' code, the noise on each tensor of weights is normal with t times the
# tensor's own standard deviation, t from 0 to 1. The paper names 200 steps at each point of GGIG's line.
# That is costly for hundreds of perturbed networks; here it climbs less.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference (MNIST, ImageNet) or paper
setting: str | None = None  # of the profile's settings, e.g. digits (default: all)
models: tuple[str, ...] | None = None  # classifiers (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
methods: tuple[str, ...] | None = None  # e.g. saliency,ggig,edge (default: the profile's)
levels: tuple[float, ...] | None = None  # of the noise, in σ (default: the profile's)
draws: int | None = None  # of the noise per level (default: the profile's)
steps: int | None = None  # points on the paths, both ends included (default: the profile's)
ascents: int | None = None  # steps of GGIG's climb at each point (default: the profile's)
learning_rate: float | None = None  # of the climb (default: 0.0001, the paper's)
seed: int | None = None  # order of the images, noise (default: the profile's)
sign: str = "absolute"  # maps in the first picture and in the table: absolute or signed
shown: int = 0  # which of the images is in the first picture

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown, display

from saliency_audit import ledger, study
from saliency_audit.attributions import GGIG, Edge, Saliency
from saliency_audit.report.figures.ggig.climb import climb_settings
from saliency_audit.report.figures.ggig.sigma import (
    floor_table,
    limit_table,
    show_noisy_maps,
    show_perturbation,
)
from saliency_audit.report.names import ggig_name
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text
from saliency_audit.study.selection import images_of, select

experiment = study.get_experiment("ggig_sigma")
overrides = chosen_parameters(experiment, globals())
settings = experiment.configure(profile, overrides)
claim = ledger.load_claims()["GG-SIGMA"]
recorded = ledger.recorded_rows(claim, "reference")

# %% tags=["remove-input"]
Markdown(climb_settings(experiment, this_run=settings, reference=experiment.configure("reference")))

# %% [markdown]
# ## What the maps look like
#
# One picture, and its maps as the noise grows. Above each column: the score of its class. Each map is scaled
# to its own 99th percentile.

# %% mystnb={"image": {"alt": "One picture in the first row; below, the maps of the gradient, of GGIG and the edges, a column per level of noise"}}
last = settings[-1]
name = last.models[0]
chosen = select(name, images_of(name, last.images), last.seed, 0, 2 * (shown + 2))
figure = show_noisy_maps(
    chosen.model,
    {
        "GRAD": Saliency(output="logit"),
        "GGIG": GGIG(last.steps, last.ascents, last.learning_rate),
        "edges": Edge(),
    },
    chosen.pictures[shown],
    chosen.targets[shown],
    (0.0, 0.1, 0.25, 0.5, 0.75, 1.0),
    last.seed,
)

# %% [markdown]
# ## Score and similarity against the noise
#
# Lines are means over images and draws of the noise, bands their 95 % bootstrap intervals over images.
# Dashed are the limits: 1/C for the score, and for each method the similarity of its maps on unrelated
# networks. SSIM looks at windows of 11 × 11 pixels and is undefined for digits of 8 × 8.

# %% mystnb={"image": {"alt": "Score of the class and similarity of the maps of five methods against the noise on the weights, with their limits dashed; a row of panels per network, a column per measure"}}
rows = study.compute(experiment, profile, overrides)
figure = show_perturbation(rows, sign)

# %% [markdown]
# The same for the recorded reference run, on MNIST and ImageNet:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Score and similarity against the noise on the weights in the recorded reference run"}}
show_recorded(recorded, show_perturbation, sign)

# %% [markdown]
# Maps with their signs (summed over the colours). Here the rank correlation of unrelated maps can be 0, the
# limit that the paper states. GGIG keeps the highest gradient of each pixel, so its maps lean to one side:

# %% mystnb={"image": {"alt": "Score and similarity of signed maps against the noise on the weights, with their limits dashed"}}
other = "signed" if sign == "absolute" else "absolute"
figure = show_perturbation(rows, other)

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Score and similarity of signed maps against the noise on the weights in the recorded reference run"}}
show_recorded(recorded, show_perturbation, other)

# %% [markdown]
# ## Where the curves reach their limits
#
# The level from which the mean stays at most 0.05 above the limit (for the score: within 0.05 of it), or a dash
# if it never does. In brackets: the middle 95 % of that level, with images and draws of the noise both
# resampled. Below: *mean at the last level / limit*. A limit near 1 is no success: such a method, like the
# edges, shows the picture whatever the network, and is at its limit from the start. The table has all methods
# of the library that were computed. Constant maps have no similarity and are counted in the last column.

# %% tags=["remove-input"]
stated = claim.external.parameters
HTML(as_html(limit_table(sources(recorded, rows), stated["similarity_margin"], sign)))

# %% [markdown]
# The same for maps with their signs:

# %% tags=["remove-input"]
HTML(as_html(limit_table(sources(recorded, rows), stated["similarity_margin"], other)))

# %% [markdown]
# ### The limit depends on what an unrelated network is
#
# The limits above are of networks with every layer re-initialised as torch does before training (with a
# seed per draw; batch norm keeps its running statistics). Networks at the end of the
# {doc}`cascade <ggig_randomization>` are unrelated too. Their weights are drawn as in the authors' code, from a
# normal distribution with a standard deviation of 0.1, truncated at ±2. *As torch draws it / end of the
# cascade*, recorded reference run:

# %% tags=["remove-input"]
cascade = ledger.experiment_rows("ggig_randomization", "reference")
if isinstance(recorded, str) or isinstance(cascade, str):
    print(recorded if isinstance(recorded, str) else cascade)
else:
    display(HTML(as_html(floor_table(recorded, cascade, sign))))

# %% [markdown]
# ## At t = 1
#
# Mean minus limit with its 95 % bootstrap interval, images and draws of the noise both resampled (the bands
# above are over images alone, hence narrower). The comparison holds if the curve falls and ends near the
# limit.

# %% tags=["remove-input"]
audit = ledger.audit_claim("GG-SIGMA")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["model", "method"], ["score"], named=ggig_name)))

# %% [markdown]
# The score, minus 1/C:

# %% tags=["remove-input"]
HTML(
    as_html(
        pivot_table(
            runs,
            ["model"],
            ["score"],
            only=lambda keys: keys["score"] == "probability",
            named=ggig_name,
        )
    )
)

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
