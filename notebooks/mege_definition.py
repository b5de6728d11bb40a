# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What ReCo measures
#
# **Claim MR-DEF** (MeGe/ReCo paper, Eq. 6 and §3.5). ReCo is the balanced accuracy of the best threshold
# between the distances S= (both predictors right) and S≠ (one right): 1 for consistent explanations, 0
# for completely inconsistent ones, whatever the accuracy of the predictors.
#
# **Claim MR-AUC** (Appendix D). The average over all thresholds instead of the maximum gives similar
# results.
#
# *In plain words.* Balanced accuracy asks how many of all distances in S= lie below the threshold, and how
# many of all in S≠ lie above. The formulas in the paper ask the reverse: how many of all distances below the
# threshold belong to S=, and how many of all above belong to S≠. When predictors are good, S≠ is small, and
# the two numbers differ: the few largest distances decide, and two sets with the same distribution can score
# high.

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
from saliency_audit.report.figures.mege.definition import show_definitions, show_imbalance
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("mege_stability")
overrides = chosen_parameters(experiment, globals())
claims = ledger.load_claims()
definition, average = claims["MR-DEF"], claims["MR-AUC"]
recorded = ledger.recorded_rows(definition, "reference")
rows = study.compute(experiment, profile, overrides)

# %% [markdown]
# ## Two equal distributions
#
# A thousand distances from one distribution, split at random into S= and S≠. The sets do not
# differ, so ReCo should be near 0 but for what a maximum gains by chance. Bands are the middle 90 % of 200
# draws.

# %% mystnb={"image": {"alt": "ReCo of two samples of one distribution against the share of the smaller sample, in both definitions"}}
figure = show_imbalance()

# %% [markdown]
# ## On recorded distances
#
# A point per method and series of predictors, sound and degraded. Left: on the diagonal the definitions
# agree. Right: how far apart they are, by the share of S≠.

# %% mystnb={"image": {"alt": "Left: ReCo as printed against balanced ReCo, a point per method and series of predictors. Right: their difference against the share of distances in S not-equal"}}
figure = show_definitions(rows)

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Both definitions of ReCo in the recorded reference run"}}
show_recorded(recorded, show_definitions)

# %% [markdown]
# ## How far apart, and do they order the methods alike?
#
# The mean absolute difference over all pairs S=, S≠, and Kendall's correlation between the two definitions'
# orders of the seven methods, predictor by predictor.

# %% tags=["remove-input"]
definition_audit = ledger.audit_claim("MR-DEF")
of_definition = both_runs(definition_audit, rows)
HTML(as_html(pivot_table(of_definition, ["question"], [], only=lambda keys: "model" not in keys)))

# %% tags=["remove-input"]
HTML(as_html(pivot_table(of_definition, ["images", "model"], ["question"])))

# %% [markdown]
# ## Maximum and average
#
# Spearman correlation of ReCo and ReCo_AUC over all pairs S=, S≠, in each definition; the balanced one
# decides.

# %% tags=["remove-input"]
average_audit = ledger.audit_claim("MR-AUC")
of_average = both_runs(average_audit, rows)
HTML(as_html(pivot_table(of_average, ["definition"], [])))

# %% [markdown]
# ## Verdict on the definition
#
# The rules are in the ledger, with every change made to them after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(definition_audit, of_definition["this machine"], profile))

# %% [markdown]
# ## Verdict on the average

# %% tags=["remove-input"]
Markdown(verdict_text(average_audit, of_average["this machine"], profile))
