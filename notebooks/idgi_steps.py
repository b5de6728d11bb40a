# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # IDGI and the number of steps
#
# **Claim IDGI-STEPS** (IDGI study, Table 4, Figure 3, Tables 6–17 and §4.5.1). Between 8 and 128 steps
# the scores of a method with the IDGI rule change more than those of the same method without it, and
# they do so consistently.
#
# *In plain words.* A path method looks at finitely many points of its path. More points cost more time,
# and a method whose score depends on their number has one more setting that can make it look good. This
# notebook explains the same images with few and with many steps, and asks whether the scores change more
# with IDGI than without.
#
# *What to expect.* The sum of an IDGI map is exact at any number of steps. Its distribution over the pixels
# is not, since each step uses only the gradient at its beginning. The plain sum has an error of its own: for
# Blur IG it leaves out the change from the first blur, which at 8 steps is as wide as 6 pixels of 224, to the
# sharp image. IDGI, which adds up changes of the score, does not.
#
# The scores are those of the other notebooks: the mean insertion score, and the area under the median
# information curve.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference (ImageNet sample) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
sweep: tuple[int, ...] | None = None  # of 8 16 32 64 128, e.g. [8, 64] (default: the profile's)
seed: int | None = None  # order of the images and of ties (default: the profile's)
shown: tuple[str, ...] | None = None  # networks in this machine's pictures (default: all)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.idgi.steps import change_table, show_scores_by_steps
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import both_runs, show_recorded
from saliency_audit.report.notebook.score_request import score_request
from saliency_audit.report.notebook.verdicts import verdict_text

claim = ledger.load_claims()["IDGI-STEPS"]
experiment = study.get_experiment("idgi_scores")
overrides = score_request(
    profile,
    counts=sweep,
    known=claim.external.parameters["steps"],
    n_images=n_images,
    models=models,
    images=images,
    seed=seed,
)
rows = study.compute(experiment, profile, overrides)
recorded = ledger.recorded_rows(claim, "reference")

# %% [markdown]
# ## Score against number of steps
#
# A figure per network, a panel per path and score. The images are the same at every number of steps and
# for both methods. The bars are 95 % bootstrap intervals of the change since the fewest steps; the score
# itself is less certain than its change.

# %% mystnb={"image": {"alt": "Scores against the number of steps on a logarithmic axis, base dashed and IDGI solid, with intervals: one figure per network, a row of panels per score, a column per path"}}
figures = show_scores_by_steps(rows, claim.external.parameters, shown)

# %% [markdown]
# The same for the recorded reference run, real photographs and pretrained networks:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Scores against the number of steps in the recorded reference run, base dashed and IDGI solid, with intervals: one figure per network, a row of panels per score, a column per path"}}
show_recorded(recorded, show_scores_by_steps, claim.external.parameters)

# %% [markdown]
# ## Paper, recorded run, this machine
#
# The first line of a cell is the score at the most steps minus that at the fewest, as in Table 4, without
# IDGI → with IDGI. The second is the latter minus the former, with its 95 % interval from resampled images.
# The third says whether the comparison holds, that is, whether the score grows more with IDGI, and gives
# the number of images. By the *size* of the change a fall counts too, and so does noise; the claim's page
# shows that too.
#
# Three sources that must not be confused: the *paper* (computed here from its Tables 1–3 and 15–17; it
# prints no intervals, and because of the cost no numbers for Guided IG below 128 steps), our *recorded*
# reference run, and *this execution*. The *levels* are not comparable: weights, images and the blur behind
# the insertion score differ, and with them how much a score can change at all. SqueezeNet is not one of the
# paper's networks, so its rows can only test whether the claim generalises. What the claim is about, and what
# the test decides on, is the sign of the paired difference.

# %% tags=["remove-input"]
audit = ledger.audit_claim("IDGI-STEPS")
runs = both_runs(audit, rows)
HTML(as_html(change_table(claim, runs)))

# %% [markdown]
# ## Verdict
#
# The rule was written into the ledger before the rows were computed; changes since then are listed
# below it:

# %% tags=["remove-input"]
Markdown(verdict_text(audit, runs["this machine"], profile))
