# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The illustration of IDGI, computed
#
# **Claim IDGI-ILLUS** (IDGI study, Figure 2 and §3). The illustration in the original IDGI paper draws
# the score against x as a straight line for IG, although only x against α is linear, and draws it as
# one-to-many, which no function is.
#
# *In plain words.* IG walks in a straight line from a start to the image; α says how far it has come.
# The *position* x(α) is therefore a straight line. The *score* f at that position is whatever the
# network makes of it, and there is no reason for it to be straight. One position has one score; several
# positions may share a score, which is what IDGI's level sets are made of.
#
# Instead of drawing a better sketch, this notebook computes one. The "picture" has two pixels, x₁ and
# x₂, and the score is the probability of a small smooth classifier. The three paths are walked by the
# same code as everywhere in this book, only coarser, so that two pixels show their course; each
# projection point is found exactly, by a root search along the gradient, not by IDGI's first-order step.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded is the only one: there is nothing to download
steps: int | None = None  # points on each path before the input (default: 16)

# %% tags=["remove-input", "remove-output"]
from IPython.display import Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.idgi.illustration import show_paths, show_straight_path
from saliency_audit.report.notebook.runs import chosen_parameters
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("idgi_illustration")
overrides = chosen_parameters(experiment, globals())
claim = ledger.load_claims()["IDGI-ILLUS"]

# %% [markdown]
# ## Three paths across one score
#
# Grey levels are the score; lines join points of equal score. From every point of a path a thin line
# leads along the gradient, at right angles to the level line, to a cross: the projection point. It lies
# on the level line on which the *next* point of the path lies. IDGI credits the pixels by that
# direction instead of by the path's own.

# %% mystnb={"image": {"alt": "Level lines of a score of two variables with the points of IG's straight path, of Guided IG's bent path and of Blur IG's path, and the projection point of every step, one panel per path"}}
rows = study.compute(experiment, profile, overrides)
figure = show_paths(rows)

# %% [markdown]
# ## What is linear and what is not
#
# Along the straight path. Dashed lines are the best straight lines through the points.

# %% mystnb={"image": {"alt": "Three panels along the straight path: both coordinates against alpha lie on straight lines, the score against alpha and against the first coordinate is drawn beside its best straight line"}}
figure = show_straight_path(rows)

# %% [markdown]
# Position is linear in α by construction; nothing makes the score so, against α or against x. And a
# score has one value at every x. The study puts it the other way round ("should be one-to-one"). But a score
# can take one value at many points, and it has to: otherwise there would be no level lines to project on.
# That slip is among the errata of IDGI-THM.
#
# ## Verdict
#
# The claim is about a drawing; the paper prints no number to put beside ours. The rule was written into
# the ledger before the rows were computed:

# %% tags=["remove-input"]
audit = ledger.audit_claim("IDGI-ILLUS")
Markdown(verdict_text(audit, ledger.evaluate(claim, rows), profile))
