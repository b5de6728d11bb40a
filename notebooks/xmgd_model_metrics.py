# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Four methods and the metrics that ask the model
#
# **Claim XM-MODEL** (XMGD paper, Table 1, §5). Of Integrated Gradients (IG), Saliency, DeepLIFT and Guided
# Backpropagation, over seven deepfake detectors, IG has the highest IIC, the lowest average drop and the highest average
# drop in deletion.
#
# *In plain words.* Show the detector only what a map marks. Is it as sure of its decision as before, or even surer?
# *Increase in confidence* is the share of pictures for which it is surer; *average drop* is the share of the confidence
# that is lost. Then hide what the map marks. *Average drop in deletion* is the share of the confidence that is lost now.
# A map is a soft mask here: it is scaled to run from 0 to 1 and multiplied with the picture.
#
# *What IIC may be.* §2 cites Insertion Correlation, §5 describes an average increase, and Table 1 heads the row IIC. Its
# numbers fit the share of pictures whose confidence rises, and IIC stands for this share here. Insertion correlation has
# a column of its own. A blurred picture is sharpened step by step, the most salient pixels first, and the saliency of
# each step is correlated with the rise of the confidence. Its source takes 196 steps. Here there are 49, and 16 at the
# reference profile.
#
# *What is different.* FaceForensics++ is given out on request. At the embedded profile there are five small networks, each
# trained on another family of stand-ins for deepfakes. They judge the same small faces: real ones, and the same with one
# of the families (`swap`). At the reference profile MesoNet's published weights judge photographs of real faces. The
# logit of the detector's decision is explained, whether the decision is right or wrong. Such rows test whether the claim
# generalises; they do not replicate it.
#
# *Read with care.* Most of a picture turns dark when it is multiplied with a map, and no detector was trained on dark
# pictures. A detector may be very sure of such a picture, and then all four methods do well. Where the class is "real", a
# rise says little about faces.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (stand-ins), reference (MesoNet on photographs) or paper
models: tuple[str, ...] | None = None  # detectors (default: the profile's)
images: str | None = None  # image set that all detectors judge (default: the profile's)
n_images: int | None = None  # images (default: the profile's)
explained: tuple[str, ...] | None = None  # two methods or more (default: the paper's four)
steps: int | None = None  # points of IG (default: the profile's)
output: str | None = None  # score that is explained: logit or probability (default: logit)
points: int | None = None  # steps of insertion correlation (default: the profile's)
seed: int | None = None  # order of the images (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.xmgd.model_metrics import metric_table, show_metrics
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.pivot import pivot_table
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded, sources
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("xmgd_model_metrics")
audit = ledger.audit_claim("XM-MODEL")

# %% [markdown]
# ## Means of the metrics
#
# Means over the images, with 95 % intervals. Arrows show the better side. IG, which is said to be best, is red.

# %% mystnb={"image": {"alt": "Means of increase in confidence, average drop, average drop in deletion and insertion correlation for four methods, a row of panels per detector and one for their mean, with intervals"}}
rows = study.compute(experiment, profile, chosen_parameters(experiment, globals()))
figure = show_metrics(rows)

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same means in the recorded reference run: MesoNet's four published networks on photographs of real faces"}}
recorded = ledger.recorded_rows(audit.claim, "reference")
show_recorded(recorded, show_metrics)

# %% [markdown]
# In numbers, beside Table 1. A mean over detectors is taken per image first. "AD, signed" counts a rise as a negative
# drop. The definition cuts drops off at 0, but Table 1 prints −0.082.

# %% tags=["remove-input"]
HTML(as_html(metric_table(sources(recorded, rows))))

# %% [markdown]
# ## The claim
#
# IG minus each of the others, on the same images, the mean over the detectors:

# %% tags=["remove-input"]
runs = both_runs(audit, rows)
HTML(as_html(pivot_table(runs, ["score", "method"], ["against"])))

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
