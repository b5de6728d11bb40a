"""Names in print in the ledger's sentences: no identifier is left, and nothing else is touched."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from saliency_audit import study
from saliency_audit.attributions import available
from saliency_audit.datasets import CATALOG
from saliency_audit.ledger import Scope, load_claims
from saliency_audit.ledger.audit import audit_all
from saliency_audit.metrics.registry import METRICS
from saliency_audit.models import CLASSIFIERS
from saliency_audit.parameters import PROFILES
from saliency_audit.report.in_print import WORDS, _names, in_print
from saliency_audit.study.dre_methods import SHARED
from saliency_audit.study.dre_settings import SETTINGS

# What has an underscore or a plus in print as well.
PRINTED = re.compile(r"M_[FE]|ReCo_AUC|λ_\w+|x86_64|IDGI|Grad-CAM\+\+|DRE\+")


def texts(value: Any) -> Iterator[str]:
    """All texts in the parameters of a test."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            if key != "derive":  # the name of a function
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def identifiers() -> set[str]:
    """Whatever a comparison's keys may hold: of every kind, and of every claim's test."""
    declared = {
        text for claim in load_claims().values() for text in texts(claim.external.parameters)
    }
    columns = {
        column.name for name in study.available() for column in study.get_experiment(name).recorded
    }
    known = {*available(), *SHARED, *SETTINGS, *CATALOG, *CLASSIFIERS, *METRICS}
    return known | {text for text in declared if text not in columns and "_" in text}


@pytest.mark.parametrize("name", sorted(identifiers()))
def test_no_identifier_is_left(name: str) -> None:
    printed = PRINTED.sub("", in_print(f"1 undecided (a, {name}; b)."))
    assert "_" not in printed
    assert "+shared" not in printed


@pytest.mark.parametrize("name", sorted(_names()))
def test_commas_stand_between_names_only(name: str) -> None:
    assert "," not in in_print(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "1 contradicts the claim (shapes_cnn, mpert+shared, gradcam++).",
            "1 contradicts the claim (small CNN on shapes, Meaningful Perturbation (shared), "
            "Grad-CAM++).",
        ),
        ("Rows of mobilenet_v2 (mnist_test).", "Rows of MobileNetV2 (MNIST)."),
        ("lipschitz-16 − small", "1-Lipschitz CNN (16 filters) − small"),
        ("eta0.5_h2.5, eta1.5_h0.5.", "η = 0.5 (h = 2.5), η = 1.5 (h = 0.5)."),
        (
            "small_faces_cnn_swap+small_faces_cnn_warp",
            "small CNN on small faces (swap) + small CNN on small faces (warp)",
        ),
        (
            "small_faces_branched, meso4 × swap, xmgd",
            "small branched CNN, Meso4 × swap, XMGD",
        ),
        ("pass `compute dre_scores ig_steps ig`", "pass `compute dre_scores ig_steps ig`"),
        ("the probability of a word, e.g. this-one or big.ig", None),
        ("on cpu (1 thread, x86_64), 5 times", None),
    ],
)
def test_sentences(text: str, expected: str | None) -> None:
    assert in_print(text) == (text if expected is None else expected)


def test_words_of_sentences_stay() -> None:
    text = ", ".join(sorted(WORDS))
    assert in_print(text) == text


def test_no_verdict_of_a_claim_speaks_in_identifiers() -> None:
    known = {name for name in identifiers() if "_" in name or "+" in name}
    found = set()
    for audit in audit_all():
        for profile in PROFILES:
            for scope in Scope:
                result = audit.external[profile].of(scope)
                quantity = result.headline.quantity if result.headline else ""
                said = re.sub(r"`[^`]*`", "", in_print(f"{result.detail} {quantity}"))
                words = set(re.findall(r"[A-Za-z][\w.+-]*[\w+]", said))
                left = {word for word in words if "_" in PRINTED.sub("", word)} | (words & known)
                found |= {f"{audit.claim.id}: {word}" for word in left}
    assert not found
