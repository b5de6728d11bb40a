# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Ten methods, the same photographs
#
# The DRE paper shows its case in pictures (Figures 7 to 9 and 11): maps of all methods side by side, each with its
# faithfulness. Here are such pictures that anyone may see: photographs that ship with Python packages, as they
# were taken, and animals and things that were cut out by hand.
#
# *How to read them.* Dark is relevant. The number under a map is its faithfulness, 100 M_F: the mean
# probability of the class while the pixels come back, the most relevant first. The bluer its strip, the higher
# it is among the maps of that picture. Over a picture stands the class that is explained, with its probability.
#
# *Read with care.* A few pictures are no evidence; {doc}`dre_scores` measures the claims. DRE was trained on
# 10,000 pictures in one pass, the paper's on more than a million in ten, and so was MGnet, with weights of its three
# penalties that were tuned on up to 3,200 of these pictures.

# %% tags=["parameters"]
profile: str = "embedded"  # embedded (shapes) or reference (photographs)
models: tuple[str, ...] | None = None  # classifiers (default: the profile's)
images: str | None = None  # image set with masks or boxes (default: the profile's)
n_images: int | None = None  # candidate images (default: the profile's)
explained: tuple[str, ...] | None = None  # methods, e.g. dre,mgnet,gradcam (default: all)
n_train: int | None = None  # pictures that masks are trained on (default: the profile's)
epochs: int | None = None  # passes over them (default: the profile's)
filter_epochs: int | None = None  # passes for the spatial filter before (default: the profile's)
iterations: int | None = None  # of MPert and XPert (default: the profile's)
inversions: int | None = None  # iterations of FInv (default: the profile's)
samples: int | None = None  # of SmoothGrad (default: 50, the paper's)
steps: int | None = None  # of IG (default: the profile's)
seed: int | None = None  # order of the images (default: the profile's)

# %% tags=["remove-input", "remove-output"]
import pandas as pd
from IPython.display import HTML, Markdown

from saliency_audit import ledger, study
from saliency_audit.datasets import open_images
from saliency_audit.report.figures.dre.pictures import credit_table, show_pictures
from saliency_audit.report.notebook.html_table import as_html
from saliency_audit.report.notebook.runs import chosen_parameters, recorded_at, show_recorded
from saliency_audit.study.experiments.dre_pictures import MISTAKEN

experiment = study.get_experiment("dre_pictures")
overrides = chosen_parameters(experiment, globals())
recorded = ledger.experiment_rows(experiment.name, "reference")

# %% [markdown]
# ## Photographs
#
# scikit-image, scikit-learn and matplotlib bring nine photographs of people, animals, things and places whose
# licence is stated. EfficientNet-Lite0 explains its own answer for each to which it gives more than two thirds, right
# or wrong; no map was looked at before this was settled. The network knows 200 classes and no other: it has no word
# for a photographer, a rocket before its launch, a pavilion or a woman in uniform, other than the binoculars, obelisk,
# birdhouse and bow tie that it finds there. The numbers of iterations are the paper's, here and for the cut-outs.

# %% tags=["remove-input"] mystnb={"image": {"alt": "Six photographs in the first row, among them a cat and a cup of coffee, with the class that is explained over each; below, the maps of all methods, each with its faithfulness under it"}}
show_recorded(recorded, show_pictures, "photographs")

# %% tags=["remove-input"]
HTML(as_html(credit_table(recorded_at(experiment.name))))

# %% [markdown]
# DRE's map follows outlines, whether or not these are what the class needs: it has the highest M_F of the ten for the
# rocket and the coffee, and the ninth for the cat and for Grace Hopper, whose whole figure it marks where a bow tie is
# explained.
#
# All are cropped to a square and scaled to 128 × 128 pixels, nothing else. CC0 stands for
# [creativecommons.org/publicdomain/zero/1.0](https://creativecommons.org/publicdomain/zero/1.0/), CC BY 2.0 for
# [creativecommons.org/licenses/by/2.0](https://creativecommons.org/licenses/by/2.0/).
#
# ## Cut-outs
#
# Eight animals and things stand before a lawn, so that their outline is known exactly. EfficientNet-Lite0 names each of
# them correctly.

# %% tags=["remove-input"] mystnb={"image": {"alt": "Eight photographs of animals and things before a lawn in the first row; below, the maps of all methods, each with its faithfulness under it"}}
show_recorded(recorded, show_pictures, "cutouts_shown")

# %% [markdown]
# The photographs are Tux Paint's stamps, under the GPL, version 2 or later, here and below. `data/cutouts/README.md`
# says of each file who it is by and what was changed.
#
# ## Mistakes
#
# What do maps show of a picture that the network gets wrong (Figure 11)? The candidates are all cut-outs whose file
# names one of the 200 classes (a lobster would be two), the eight above among them; the names were sorted before the
# network was asked. Each map explains the wrong answer, which stands second over its picture. So few pictures show what
# mistakes look like and prove nothing; {doc}`dre_misclassified` measures the claim.

# %% tags=["remove-input"]
mistaken = recorded[recorded["images"] == MISTAKEN] if isinstance(recorded, pd.DataFrame) else []
count = mistaken["image_name"].nunique() if len(mistaken) else "none"
Markdown(f"Mistakes of EfficientNet-Lite0: {count} of {len(open_images(MISTAKEN))} candidates.")

# %% tags=["remove-input"] mystnb={"image": {"alt": "Photographs of animals and things before a lawn that the network takes for something else in the first row; below, the maps of all methods for the wrong class, each with its faithfulness under it"}}
show_recorded(recorded, show_pictures, MISTAKEN)

# %% [markdown]
# ## Shapes
#
# The same, computed by this page: a small network that tells shapes apart, and fewer iterations.

# %% mystnb={"image": {"alt": "Pictures of coloured shapes in the first row; below, the maps of all methods, each with its faithfulness under it"}}
rows = study.compute(experiment, profile, overrides)
figures = [show_pictures(one) for _, one in rows.groupby(["model", "images"], sort=False)]
