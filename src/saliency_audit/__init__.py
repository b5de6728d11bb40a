"""Saliency, Audited: the library under a reproducibility study of image-classifier explanations.

`attributions` (methods) and `metrics` (numbers about maps) work on any torch model and know no
data set or file; `study` turns experiments into recorded rows, `ledger` turns rows into verdicts.
"""

__version__ = "0.1.0"
