# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Beyond the paper: the open choices of XMGD, and time
#
# **How much of XMGD is a choice?** The paper gives the levels of XMGD and leaves the rest open: how many Gaussians, which
# b, which filters, which start of EM. Here one choice at a time is changed, and the same maps are compared again. Two
# things can happen. All distances may grow or shrink alike. This does no harm as long as nobody compares numbers of two
# studies. Or their order may change, and with it what is said of the methods. Four methods have six distances, and these
# have fifteen differences. A difference that the images decide should be decided the same way under every choice.
#
# **Can it be extended to time?** The paper ends with this question (§6). Here a pixel has a time as well as a place.
# Mixtures are fitted to points (x, y, t), and the rest is as before. The sequences are of still pictures that are moved,
# since the videos of FaceForensics++ are given out on request.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes), reference (MesoNet on photographs) or paper
models: tuple[str, ...] | None = None  # networks (default: the profile's)
images: str | None = None  # image set (default: each network's own, or the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # three methods or more (default: the paper's four)
steps: int | None = None  # points of IG (default: 32)
side: int | None = None  # of the maps in pixels (default: the profile's)
components: int | None = None  # Gaussians where nothing is changed (default: the profile's)
width: float | None = None  # b where nothing is changed; 0 for the saliency itself (default: 0.05)
other_components: tuple[int, ...] | None = None  # Gaussians instead (default: the profile's)
other_widths: tuple[float, ...] | None = None  # b instead (default: 0, 0.01, 0.1)
other_levels: tuple[int, ...] | None = None  # side of the largest filter instead (default: 1, 3, 9)
other_windows: tuple[str, ...] | None = None  # kinds of filters instead (default: gaussian)
other_seeds: tuple[int, ...] | None = None  # of EM instead (default: the profile's)
frames: int | None = None  # of a sequence (default: 8)
shift: float | None = (
    None  # of the picture from frame to frame, as a share of its side (default: 0.03)
)
duration: float | None = None  # of a sequence, in sides of the picture (default: 1)
seed: int | None = None  # order of the images, EM (default: the profile's)

# %% tags=["remove-input", "remove-output"]
from IPython.display import HTML

from saliency_audit import ledger, study
from saliency_audit.report.figures.xmgd.sensitivity import (
    sensitivity_table,
    show_sensitivity,
    survivors_table,
)
from saliency_audit.report.figures.xmgd.sequence import delay_table, sequence_table, show_sequences
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import chosen_parameters, show_recorded, sources

choices = study.get_experiment("xmgd_sensitivity")
over_time = study.get_experiment("xmgd_sequence")

# %% [markdown]
# ## What each choice does
#
# The left panel shows XMGD as a multiple of what it is with nothing changed. The right panel shows the differences that
# were decided with nothing changed: blue ones stay decided, grey ones become undecided, orange ones turn round. Single
# maps are compared, not averaged ones, so each image is a case of its own. A difference is decided by the two-sided
# Wilcoxon signed-rank test over the images, after Holm's correction for all differences.

# %% mystnb={"image": {"alt": "For every changed choice, how many times as large XMGD is, and a bar of the decided differences that stay decided, become undecided or turn"}}
rows = study.compute(choices, profile, chosen_parameters(choices, globals()))
figure = show_sensitivity(rows)

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same for MesoNet's detectors in the recorded reference run"}}
recorded = ledger.experiment_rows("xmgd_sensitivity", "reference")
show_recorded(recorded, show_sensitivity)

# %% [markdown]
# How many of the decided differences survive? A line counts those that stay decided under all values of one choice, and
# the last line those that do so under all choices. The last column names the method whose distances to the others have
# the largest mean. Where there are two, some value puts the second into the place of the first.

# %% tags=["remove-input"]
HTML(as_html(survivors_table(sources(recorded, rows))))

# %% [markdown]
# Value by value:

# %% tags=["remove-input"]
HTML(as_html(sensitivity_table(sources(recorded, rows))))

# %% [markdown]
# ## Over time
#
# The maps of a moving picture are compared with the same sequence one and two frames later, backwards, with its frames
# shuffled, and with its first frame standing still. XMGD is read in three ways: between the two mean maps, which cannot
# see an order; frame by frame, averaged; and between mixtures over place and time. A good reading is small for a delay of
# one frame and larger for the others.

# %% mystnb={"image": {"alt": "For five comparisons of a sequence the distance of the mean maps, frame by frame, and over time. The mean maps have none where only the order differs"}}
moving = study.compute(over_time, profile, chosen_parameters(over_time, globals()))
figure = show_sequences(moving)

# %% [markdown]
# The recorded reference run:

# %% tags=["remove-input"] mystnb={"image": {"alt": "The same for MesoNet's detectors in the recorded reference run"}}
recorded_moving = ledger.experiment_rows("xmgd_sequence", "reference")
show_recorded(recorded_moving, show_sequences)

# %% [markdown]
# As numbers, in thousandths:

# %% tags=["remove-input"]
HTML(as_html(sequence_table(sources(recorded_moving, moving))))

# %% [markdown]
# Is a delay of one frame the nearest? The difference between each of the others and this delay, on the same image, in
# thousandths. The last column counts the images in which the delay is nearer when XMGD is taken over time.

# %% tags=["remove-input"]
HTML(as_html(delay_table(sources(recorded_moving, moving))))
