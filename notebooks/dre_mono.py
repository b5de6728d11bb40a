# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Does the controller keep the order of the scores?
#
# **Claim DRE-MONO** (DRE paper, §3.3, Principle 3, Figure 4). The controller is monotonic, so it sharpens the
# differences between the scores of a map while their order stays as it is. With the non-monotonic x², a high score
# no longer means a large contribution.
#
# *In plain words.* The controller may change how high a score is, but not which of two pixels has the higher one.
# A square may: it turns the most negative scores into the highest. The rank correlation of a map before and after
# says how much of the order is left: 1 is all of it, 0 none, −1 the reverse.
#
# *What is compared.* Maps of scores drawn from four distributions and, at the reference profile, the scores that
# DRE's trained generators give for photographs. x² takes the place of sigmoid(ηy)^h, so it is
# applied to the standardised scores, half of which are below their mean. For comparison it is also applied to the
# scores as they are: uniform ones on (0, 1) are never negative, and keep their order.
#
# *And in training.* Whether estimators *trained* with the controller are more faithful than those trained with x² is
# a question of its own. Two generators are trained for a small network that tells shapes apart, alike but for
# the mapping, and explain the same images. Such rows test whether the claim generalises and do not replicate it.
#
# Training takes minutes where no estimator is kept, so the rows below are the recorded ones of the profile, unless
# you set a parameter.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded, reference (more maps, three trainings) or paper (ImageNet)
eta: float | None = None  # of the controller (default: 1.5, the paper's)
h: float | None = None  # exponent of the controller (default: 2.5, the paper's)
maps: int | None = None  # per distribution (default: the profile's)
side: int | None = None  # pixels per side of a map (default: 56, the paper's)
scale: int | None = None  # of the upsampling (default: 4, the paper's)
seed: int | None = None  # of the draws, and order of the images (default: the profile's)
trained: tuple[str, ...] | None = (
    None  # classifiers to train estimators for (default: the profile's)
)
images: str | None = None  # image set that they explain (default: each classifier's own)
n_images: int | None = None  # candidate images (default: the profile's)
n_train: int | None = None  # pictures that masks are trained on (default: the profile's)
epochs: int | None = None  # passes over them (default: the profile's)
filter_epochs: int | None = None  # passes for the spatial filter before (default: the profile's)
train_seeds: tuple[int, ...] | None = None  # of the trainings (default: the profile's)
mapped: tuple[str, ...] | None = None  # classifiers whose generators' scores are mapped, too
n_mapped: int | None = None  # candidate images for these (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.dre.monotony import (
    order_table,
    show_orders,
    show_trained,
    trained_table,
)
from saliency_audit.report.notebook.checks import check_table
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import (
    both_runs,
    chosen_parameters,
    kept_rows,
    sources,
)
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("dre_monotony")
overrides = chosen_parameters(experiment, globals())
(settings,) = experiment.configure(profile, overrides)
audit = ledger.audit_claim("DRE-MONO")

# %% [markdown]
# ## One map (Figure 4)
#
# A made-up map with something relevant at the upper right and something that speaks against the class at the
# lower left. The controller whitens the one and darkens the other further; x² makes both dark, as if both were
# relevant. Dark is high.

# %% mystnb={"image": {"alt": "A map, the same after the controller and after the square; below, both mappings as curves and the ranks after each against the ranks before"}}
figure = show_orders(settings.eta, settings.h, settings.side, settings.seed)

# %% [markdown]
# ## Drawn maps, and those of generators
#
# Means over the maps with 95 % bootstrap intervals. The generators are those of {doc}`dre_scores`, which were trained
# with the controller; x² takes its place afterwards, so this says nothing of M_F. *After upsampling*: both maps brought to image size, where
# bilinear interpolation between controlled scores is not the same as controlled interpolation. *Top quarter kept*:
# share of the quarter of the pixels with the highest scores that is in it before and after. In float32 a few
# neighbouring scores become equal, which costs the rank correlation less than 1e-9.

# %% tags=["remove-input"]
rows, kept = kept_rows(experiment, profile, overrides)
recorded = ledger.recorded_rows(audit.claim, "reference")
HTML(as_html(order_table(sources(recorded, rows, kept))))

# %% [markdown]
# ## Trained with the controller and with x²
#
# M_F of the same images with either estimator, mean over the trainings. Above the diagonal, the estimator with the
# controller is more faithful. Points at the upper right are images that the network recognises as soon as a
# few pixels are back, whatever the map says.

# %% mystnb={"image": {"alt": "Scatter of M_F per image, trained with the controller against trained with the square, around the diagonal"}}
if rows["faithfulness"].notna().any():
    figure = show_trained(rows)
else:
    print("no estimators: name classifiers with -p trained=")

# %% [markdown]
# Means over the images with 95 % bootstrap intervals over images. The order is that of the scores of each
# generator, before and after its own mapping: the one trained with x² works with scores whose order the
# mapping breaks, and its maps are what is left.

# %% tags=["remove-input"]
HTML(as_html(trained_table(sources(recorded, rows, kept))))

# %% [markdown]
# ## By algebra

# %% tags=["remove-input"]
HTML(as_html(check_table(audit)))

# %% [markdown]
# ## The test

# %% tags=["remove-input"]
runs = both_runs(audit, rows, kept)
HTML(as_html(pivot_table(runs, ["model", "question", "method"], [])))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs[kept], profile, "The rows shown"))
