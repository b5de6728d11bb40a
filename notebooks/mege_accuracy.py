# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Accuracy of the predictors
#
# **Claim MR-ACC** (MeGe/ReCo paper, §4.1, §4.5, Appendix E). The five predictors of a family are about
# equally accurate: Fashion-MNIST 92 ± 1 %, EuroSAT 95 ± 1 %, CIFAR-10 78 ± 4 % (ResNet-18 and 1-Lipschitz),
# ImageNet with 50 classes 88 ± 3 %.
#
# *In plain words.* MeGe and ReCo compare predictors with each other. If one were much worse than the
# others, their maps would differ for that reason. So the accuracies have to be close, and they help to read
# every other number of this paper's audit.
#
# Only the paper's own predictors are compared with the stated accuracies: those with its number of filters,
# trained on all images. Narrower networks on fewer images, which two processor cores can train, decide the
# *generalisation*: are the five within ±3 % of each other (§4.1)? The CIFAR-10 of our data root went through
# JPEG compression, so accuracies on it are not quite comparable with published ones.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits), reference (CIFAR-10, Fashion-MNIST) or paper
predictors: tuple[str, ...] | None = None  # IMAGE_SET:ARCHITECTURE (default: the profile's)
degraded: tuple[str, ...] | None = None  # which of them are also degraded (default: the profile's)
levels: tuple[int, ...] | None = None  # of degradation, in percent (default: the profile's)
folds: int | None = None  # k of the cross-training (default: the profile's)
n_train: int | None = None  # images that are split into folds (default: the profile's)
epochs: int | None = None  # of training (default: the profile's)
seed: int | None = None  # order of the images, folds, weights (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.mege.accuracy import show_accuracies
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded
from saliency_audit.report.notebook.verdicts import verdict_text

claim = ledger.load_claims()["MR-ACC"]
stated = {
    (item["images"], item["model"]): (item["accuracy"], item["within"])
    for item in claim.external.parameters["stated"]
}
experiment = study.get_experiment("mege_accuracy")
overrides = chosen_parameters(experiment, globals())
rows = study.compute(experiment, profile, overrides)
recorded = ledger.recorded_rows(claim, "reference")

# %% [markdown]
# ## Every fold
#
# A dot per predictor, on the fold that it has not seen; the bar is their mean. Below each family, the
# same after degradation: noise on a share of the weights, or wrong labels in training.

# %% mystnb={"image": {"alt": "Accuracy of the predictor of each fold on that fold, a line per family and degradation"}}
figure = show_accuracies(rows, stated)

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Accuracy of every predictor in the recorded reference run, a line per family and degradation"}}
show_recorded(recorded, show_accuracies, stated)

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed:

# %% tags=["remove-input"]
audit = ledger.audit_claim("MR-ACC")
runs = both_runs(audit, rows)
Markdown(verdict_text(audit, runs["this machine"], profile))
