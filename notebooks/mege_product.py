# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The product with the input
#
# **Claim MR-PROD** (MeGe/ReCo paper, §4.4). Integrated Gradients and Gradient ⊙ Input owe their MeGe to
# the product with the input, which dominates the map and makes maps of different predictors alike.
#
# *In plain words.* Both methods multiply a gradient by the picture. The picture is the same for all
# predictors; so even if the gradients were noise, the products would have something in common. The test
# is to leave the product out: the gradient instead of gradient times input, the path's mean gradient
# instead of Integrated Gradients. What *random* maps gain by the product is due to the picture alone.
#
# The paper's page says {ref}`where the rows come from <mege-rows>`.

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
from saliency_audit.report.figures.mege.histograms import show_histograms
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("mege_stability")
overrides = chosen_parameters(experiment, globals())
claim = ledger.load_claims()["MR-PROD"]
recorded = ledger.recorded_rows(claim, "reference")
PAIRS = ("saliency", "gradient_input", "ig_without_product", "ig", "random", "random_input")
rows = study.compute(experiment, profile, overrides)

# %% [markdown]
# ## Distances with and without the product
#
# Each method without the product above the same with it, random maps last.

# %% mystnb={"image": {"alt": "Histograms of distances between explanations, for the gradient, Integrated Gradients and random maps, each without and with the product with the input"}}
figure = show_histograms(rows, PAIRS)

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The histograms with and without the product in the recorded reference run"}}
show_recorded(recorded, show_histograms, PAIRS)

# %% [markdown]
# ## MeGe with minus without
#
# With 95 % bootstrap intervals over images. For Integrated Gradients the paper prints MeGe with the product
# only. For the gradient it prints both (its Saliency and its Gradient ⊙ Input), which the claim's page
# compares. The gain of random maps is there too, beside every comparison.

# %% tags=["remove-input"]
audit = ledger.audit_claim("MR-PROD")
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["images", "model"], ["method", "without"])))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
