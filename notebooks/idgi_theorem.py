# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # IDGI's theorem and its first-order step
#
# **Claim IDGI-THM** (IDGI study, §3, Theorem 1). The change of the score along the important direction
# equals its change along the path, so that IDGI's attributions sum to f(x) − f(x′).
#
# **Claim IDGI-TAYLOR** (§3, the derivation of $x_{j_p}$). The projection point comes from a first-order
# Taylor step: its score equals that of the next point only approximately, and better with more steps.
#
# *In plain words.* Both rules walk from a start x′ to the image x in small steps and hand out credit to
# pixels. The plain rule multiplies each step by the gradient; its total misses the true change of the
# score by an error that shrinks with the steps. IDGI splits the *actual* change of each step,
# $f(x_{j+1}) - f(x_j)$, in proportion to the squared gradient. The shares $g_i^2/|g|^2$ add up to one
# unless the gradient is zero everywhere, so its total is right by algebra, at any number of steps. Only
# rounding can be measured, and the identity says nothing about *where* the credit goes. A gradient that
# is zero everywhere has no shares: the credit of its step is lost. This happens at a black picture in a
# network whose biases are all zero, as those of some networks are before training.
#
# IDGI justifies the shares by a point that lies along the gradient and has the score of the next point:
# $x_{j_p} = x_j + g\,\frac{f(x_{j+1}) - f(x_j)}{|g|^2}$. That formula follows a straight tangent. A
# smooth score bends away from it with the square of the step, so twice the steps should leave a quarter
# of the error: a slope of −2 on log–log axes. Kinks of the network and steps that are still long make
# the slope flatter.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference (ImageNet sample) or paper
models: tuple[str, ...] | None = None  # classifiers, e.g. mobilenet_v2 (default: the profile's)
images: str | None = None  # image set (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
steps: tuple[int, ...] | None = None  # numbers of points on the path (default: the profile's)
seed: int | None = None  # order of the images (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.report.figures.idgi.theorem import (
    completeness_table,
    show_completeness,
    show_taylor_error,
    taylor_table,
)
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import both_runs, chosen_parameters, show_recorded
from saliency_audit.report.notebook.verdicts import verdict_text

experiment = study.get_experiment("idgi_theorem")
overrides = chosen_parameters(experiment, globals())
claims = ledger.load_claims()
theorem, taylor = claims["IDGI-THM"], claims["IDGI-TAYLOR"]
tolerance = theorem.external.parameters["tolerance"]

# %% [markdown]
# ## Does the map sum to the change of the score?
#
# Lines are means over images, bands reach from the smallest to the largest image. The dashed line is
# what the test allows the IDGI rule in single precision.
#
# The plain rule's error must fall only on the straight path: Blur IG's x′ is the most blurred point of its
# own discretisation, and Guided IG's path itself changes with the number of steps.

# %% mystnb={"image": {"alt": "Absolute completeness error against the number of steps on log-log axes, one panel per network and path, a line for the plain rule, one for the IDGI rule and one for the error allowed to it"}}
rows = study.compute(experiment, profile, overrides)
figure = show_completeness(rows, tolerance)

# %% [markdown]
# The same for the recorded reference run, real photographs and pretrained networks:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Absolute completeness error against the number of steps in the recorded reference run, per network and path, for both rules"}}
recorded = ledger.recorded_rows(theorem, "reference")
show_recorded(recorded, show_completeness, tolerance)

# %% [markdown]
# ## How far does the projection point miss?
#
# The mean over a path's steps of $|f(x_{j_p}) - f(x_{j+1})|$. Bands are the middle 80 % of the images;
# the grey guides fall with slopes −1 and −2 from the error at the fewest steps.

# %% mystnb={"image": {"alt": "Error of the projection points' scores against the number of steps on log-log axes, per network and path, with guide lines of slopes minus one and minus two"}}
figure = show_taylor_error(rows)

# %% [markdown]
# The same for the recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "Error of the projection points' scores against the number of steps in the recorded reference run, per network and path, with guide lines of slopes minus one and minus two"}}
show_recorded(recorded, show_taylor_error)

# %% [markdown]
# ## Recorded run, this machine
#
# The paper proves and derives; it prints no number for either claim. First completeness: errors of both
# rules, over all numbers of steps, and the log–log slope of the plain rule's error on the straight path.

# %% tags=["remove-input"]
theorem_audit = ledger.audit_claim("IDGI-THM")
complete = both_runs(theorem_audit, rows)
HTML(as_html(completeness_table(complete)))

# %% [markdown]
# Then the projection points: error at the fewest and at the most steps, the slope with its 95 %
# bootstrap interval over images, and the share of the images that still have an error at the most steps.

# %% tags=["remove-input"]
taylor_audit = ledger.audit_claim("IDGI-TAYLOR")
order = both_runs(taylor_audit, rows)
HTML(as_html(taylor_table(order)))

# %% [markdown]
# ## Verdict on the theorem
#
# The rule is in the ledger, with every change made to it after rows existed:

# %% tags=["remove-input"]
Markdown(verdict_text(theorem_audit, complete["this machine"], profile))

# %% [markdown]
# ## Verdict on the first-order step

# %% tags=["remove-input"]
Markdown(verdict_text(taylor_audit, order["this machine"], profile))
