# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Which methods pass which check
#
# The papers test the methods that they propose. Here every method of the library meets every sanity check,
# under the same limits, with intervals and with its cost. It is no claim of any paper and decides no
# verdict.
#
# *In plain words.* A map that is to explain a network must have to do with the network. So the network is
# spoilt and the map should change:
#
# - **noise**: every weight gets noise as large as the spread of its layer (the σ-perturbation of the GGIG
#   paper);
# - **all layers random**: nothing of the training is left (the end of the cascade of Adebayo et al.);
# - **one layer random**: each layer in turn, all others trained.
#
# A map that is to explain a picture should point at what the network looks at, and not depend on what the
# user happened to choose:
#
# - **background**: the object stands before a black and white checkerboard; how much of the map lies on
#   the board, as a share of what would lie there if the map were the same everywhere;
# - **baseline**: maps of the same picture that begin at a black and at a white picture.
#
# *The measure* for all but the background is Spearman's correlation of two maps of magnitudes: 1 for maps
# that order the pixels alike, 0 for unrelated ones. *The limit* is ½ everywhere, halfway between the map
# that stays and the map that goes. A method passes where its whole 95 % interval over images lies on the
# right side, fails where it lies on the wrong one.
#
# *Two controls.* Edges of the picture know no network; random maps are drawn anew for every network.
# A check that the edges pass says nothing about a network, and random maps show what an interval around
# nothing looks like.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (digits, shapes), reference or paper
seed: int | None = None  # order of the images, noise, masks (default: the profiles')

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML

from saliency_audit import ledger, study
from saliency_audit.ledger.method_checks import CHECKS, answers
from saliency_audit.report.html_table import as_html
from saliency_audit.report.method_checks import check_table, cost_table, show_checks
from saliency_audit.report.runs import chosen_parameters

experiments = {check.experiment: study.get_experiment(check.experiment) for check in CHECKS}
rows = {
    name: study.compute(experiment, profile, chosen_parameters(experiment, {"seed": seed}))
    for name, experiment in experiments.items()
}
recorded = {
    name: found
    for name in experiments
    if not isinstance(found := ledger.experiment_rows(name, "reference"), str)
}

# %% [markdown]
# ## On this machine
#
# A mark per network; where a panel has several, the networks stand below each other.

# %% mystnb={"image": {"alt": "A panel per sanity check, a line per method: the mean over the images with its interval, and the limit as a dashed line"}}
found = answers(rows)
figure = show_checks(found)

# %% [markdown]
# In numbers, network by network: a dash where a method has no baseline to change, or was not run.

# %% tags=["remove-input"]
HTML(as_html(check_table(found), kept_levels=1))

# %% [markdown]
# ## In the recorded reference runs
#
# With the methods and networks that each experiment was recorded with.

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same panels for the recorded reference runs"}}
of_reference = answers(recorded)
if of_reference:
    figure = show_checks(of_reference)
else:
    print("No reference run of these experiments is recorded yet.")

# %% tags=["remove-input"]
if of_reference:
    display(HTML(as_html(check_table(of_reference), kept_levels=1)))  # noqa: F821 (IPython's)

# %% [markdown]
# ## What a map costs
#
# Pictures that go forward and backward through the network for one map at the settings of the papers (51
# points, 200 ascents, 1,000 masks), counted, and the time of a map in units of the time of one gradient.

# %% tags=["remove-input"]
cost = study.get_experiment("method_cost")
HTML(as_html(cost_table(study.compute(cost, profile)), kept_levels=1))

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"]
costs = ledger.experiment_rows("method_cost", "reference")
HTML(f"<p>{costs}</p>" if isinstance(costs, str) else as_html(cost_table(costs), kept_levels=1))
