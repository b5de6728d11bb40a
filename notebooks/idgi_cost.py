# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # What six path methods cost
#
# **Claim IDGI-COST** (IDGI study, §4.1). On one V100, the maps of about 35,000 images at 128 steps take
# about nine hours per method and model on average, that is about 1.08 images per second.
#
# *In plain words.* A path method asks the network for its score and gradient at every point of the path:
# 128 forward and backward passes per image. Apart from timing noise, no method can take less time than those
# passes. So each method is timed beside the same number of plain passes, in the same process, at the batch
# size that suits them best. The ratio shows how much a method costs on top of what it cannot avoid. Guided
# IG must know one point's gradient before it can choose the next; IG and Blur IG can take many points at
# once. Base and IDGI walk the same path; only the sum differs.
#
# *Guided IG with few images.* Its path reacts to rounding, which differs with the size of a batch. All
# its batches are therefore filled up to one size (4 images of 224 × 224 pixels on a CPU, 16 small ones,
# 64 on a GPU), so that an image's map does not depend on its neighbours. One image alone costs as much
# as a full batch; the embedded profile, with few small images, shows that.
#
# *What can be decided.* The claim is about a GPU. Hours on a CPU neither support nor refute it: there the test
# says *inconclusive*, whatever the rate. The small network of the embedded profile is not one of the paper's
# ten and can only test whether the claim generalises. The share of plain passes means the same on every
# device.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (ImageNet sample) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # images explained together (default: the profile's)
steps: int | None = None  # points on the path (default: 128, the claim's)
repeats: int | None = None  # timed batches per method (default: 5, the fewest that can decide)
seed: int | None = None  # order of the images (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.idgi.cost import cost_table, show_cost
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("idgi_cost")
overrides = chosen_parameters(experiment, globals())
claim = ledger.load_claims()["IDGI-COST"]

# %% [markdown]
# ## How fast
#
# Dots are timed batches, bars their medians. On the left the dashed line is the paper's rate; on the
# right the dotted line is the speed of plain passes.

# %% mystnb={"image": {"alt": "Images per second on the left and the share of the speed of plain passes on the right, for each of the six methods, one row of panels per network"}}
rows = study.compute(experiment, profile, overrides)
figure = show_cost(rows, claim)

# %% [markdown]
# The same for the recorded reference run, pretrained networks at 224 pixels:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same in the recorded reference run: images per second and share of the speed of plain passes for each of the six methods, one row of panels per network"}}
recorded = ledger.recorded_rows(claim, "reference")
show_recorded(recorded, show_cost, claim)

# %% [markdown]
# ## Paper, recorded run, this machine
#
# The *paper* gives one average over methods and networks. For our *recorded* run and *this execution*
# the hours follow from the median batch, with 95 % bootstrap intervals over the timed batches. Their mean,
# with its interval over networks and methods, decides and comes first. The devices are named above the
# panels. Timings depend on what else the machine was doing: read the shares before the hours.

# %% tags=["remove-input"]
audit = ledger.audit_claim("IDGI-COST")
runs = both_runs(audit, rows)
HTML(as_html(cost_table(claim, runs)))

# %% [markdown]
# ## Verdict
#
# The rule is in the ledger, with every change made to it after rows existed. To decide it, run this notebook on
# a machine with a GPU: `saliency-audit run idgi_cost --profile reference -p n_images=64`, which fills
# Guided IG's batches there.

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
