# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Fidelity under degradation
#
# **Claim MR-FIDELITY** (MeGe/ReCo paper, §4.3, Figure 4). The fidelity μF of every method does not change
# when the predictor is degraded.
#
# *In plain words.* Fidelity asks whether a map tells the truth about *this* predictor, good or bad: hide
# a random 15 % of the pixels, see how much the class score drops, and compare with how much credit the
# map gave to the hidden pixels. μF is the correlation of the two over many random sets. A broken
# predictor can be explained as faithfully as a sound one, so μF should not change. The paper uses this
# to argue that fidelity alone says nothing about the quality of what was learned.
#
# "Does not change" is a claim that no test of differences can support. So this is a test of
# *equivalence*: the change must be shown to be smaller than 0.10.
#
# The paper tests it on ImageNet with a ResNet-50; here the same question is put to all predictors that
# are degraded for MeGe and ReCo.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits), reference (CIFAR-10, Fashion-MNIST) or paper
predictors: tuple[str, ...] | None = None  # IMAGE_SET:ARCHITECTURE (default: the profile's)
degraded: tuple[str, ...] | None = None  # which of them are also degraded (default: the profile's)
levels: tuple[int, ...] | None = None  # of degradation, in percent (default: the profile's)
folds: int | None = None  # k of the cross-training (default: the profile's)
n_train: int | None = None  # images that are split into folds (default: the profile's)
n_images: int | None = None  # images explained (default: the profile's)
epochs: int | None = None  # of training (default: the profile's)
steps: int | None = None  # points of Integrated Gradients (default: the profile's)
samples: int | None = None  # of SmoothGrad (default: the profile's)
masks: int | None = None  # of RISE (default: the profile's)
subsets: int | None = None  # of pixels for μF (default: the profile's)
seed: int | None = None  # order of the images, folds, weights (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.mege.levels import level_table, show_levels
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("mege_stability")
overrides = chosen_parameters(experiment, globals())
claim = ledger.load_claims()["MR-FIDELITY"]
recorded = ledger.recorded_rows(claim, "reference")
rows = study.compute(experiment, profile, overrides)

# %% [markdown]
# ## μF against the level of degradation
#
# For the predictor that has not seen the image. Means over images, 95 % bootstrap intervals.

# %% mystnb={"image": {"alt": "Fidelity of seven methods and random maps against the level of degradation, one panel per kind of degradation"}}
figure = show_levels(rows, "mu_fidelity")

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Fidelity against the level of degradation in the recorded reference run: a row of panels per image set, a column per kind of degradation"}}
show_recorded(recorded, show_levels, "mu_fidelity")

# %% [markdown]
# The numbers of these pictures: mean, its 95 % bootstrap interval over images and, below it, its 95 %
# jackknife interval over the five folds, that is over trainings.

# %% tags=["remove-input", "hide-output"]
HTML(as_html(level_table(sources(recorded, rows), "mu_fidelity")))

# %% [markdown]
# ## Sound against 30 %
#
# Mean over images of μF at 30 % minus μF of the sound predictor. *yes*: the interval lies within ±0.10,
# and μF of the sound predictor is above 0.10: a lower one could not drop by that much, and proves nothing.
# *no*: it lies wholly beyond the margin. Both must pass Holm's correction over all comparisons. What happens
# between 0 % and 30 % does not decide: the curves above show it, and the claim's page has the slope over all
# four levels.

# %% tags=["remove-input"]
audit = ledger.audit_claim("MR-FIDELITY")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["images", "model", "method"], ["degradation"])))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
