"""Sentences of the ledger in the words of a reader: names in print in the place of identifiers."""

import re
from collections.abc import Mapping
from functools import cache

from saliency_audit.datasets import CATALOG
from saliency_audit.metrics.registry import METRICS
from saliency_audit.models import CLASSIFIERS
from saliency_audit.report.names import (
    COMPLEXITY_NAMES,
    CURVE_NAMES,
    DETECTOR_NAMES,
    IMAGE_NAMES,
    MEASURE_NAMES,
    METHOD_NAMES,
    SCORE_NAMES,
    SETTING_NAMES,
    SIMILARITY_NAMES,
    STABILITY_NAMES,
    TOP_PIXEL_NAMES,
    predictor_name,
)

# Identifiers that are words of sentences too, and read well as they are.
WORDS = {"probability", "ratio", "square", "released", "sigmoid"}
# Code in backticks stays as it is; a word may hold dots, but does not end in one.
_WORD = re.compile(r"`[^`]*`|(?<![\w.])[A-Za-z][\w.+-]*[\w+]")
_PREDICTOR = re.compile(r"(resnet\d+|lipschitz)-\d+")


def in_print(text: str) -> str:
    """A sentence, or a list of what was compared, with the names that figures and tables have.

    `shapes_cnn, ig+idgi` becomes `small CNN on shapes, IG+IDGI`. What is no identifier of a
    network, image set, method, score or measure stays.

    Args:
        text: of the ledger, plain. A comma within a name becomes parentheses, since commas stand
            between names.
    """
    return _WORD.sub(lambda found: _printed(found[0]), text)


def _printed(word: str) -> str:
    known = _names()
    if word in known:
        return known[word]
    if _PREDICTOR.fullmatch(word):
        return _without_comma(predictor_name(word))
    # Networks, or image sets, whose rows are compared as one.
    parts = word.split("+")
    if len(parts) > 1 and all(part in known for part in parts):
        return " + ".join(known[part] for part in parts)
    return word


@cache
def _names() -> Mapping[str, str]:
    """By identifier; of two kinds that share one, the later."""
    sets = {name: name.replace("standin", "stand-ins").replace("_", " ") for name in CATALOG}
    titles = {name: metric.title for name, metric in METRICS.items() if "_" not in metric.title}
    networks = {name: entry.title for name, entry in CLASSIFIERS.items()}
    found = {
        **sets,
        **IMAGE_NAMES,
        **DETECTOR_NAMES,
        **networks,
        **titles,
        **MEASURE_NAMES,
        **SIMILARITY_NAMES,
        **{name: title for name, title in TOP_PIXEL_NAMES.items() if "_" in name},
        **SCORE_NAMES,
        **STABILITY_NAMES,
        **CURVE_NAMES,
        **COMPLEXITY_NAMES,
        **SETTING_NAMES,
        **METHOD_NAMES,
    }
    return {name: _without_comma(title) for name, title in found.items() if name not in WORDS}


def _without_comma(title: str) -> str:
    head, comma, rest = title.partition(", ")
    return f"{head} ({rest})" if comma else head
