"""Does every passage in quotation marks among the errata stand in the paper?

Both are compared without white space, hyphens and conversion marks: `$1.5\\approx0.9\\sqrt{\\pi}$` is
what a reader sees as 1.5≈0.9√π. Formulas in two dimensions are looked up in LaTeX.
"""

import os
import re
import unicodedata
from pathlib import Path

import pytest

from saliency_audit.ledger.audit import audit_internally
from saliency_audit.ledger.internal import TESTS_BY_PAPER
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.schema import load_claims
from saliency_audit.ledger.verdict import quotations

PASSAGES = Path(__file__).parent / "transcription" / "sentences.txt"
TEXTS = os.environ.get("SALIENCY_PAPERS", "")

SYMBOLS = {
    r"\to": "→",
    r"\in": "∈",
    r"\approx": "≈",
    r"\leq": "≤",
    r"\gg": "≫",
    r"\neq": "≠",
    r"\pm": "±",
    r"\odot": "⊙",
    r"\sqrt": "√",
    r"\dots": "...",
    r"\alpha": "α",
    r"\gamma": "γ",
    r"\epsilon": "ε",
    r"\eta": "η",
    r"\pi": "π",
    r"\sigma": "σ",
}
FORMULAS = {
    "1/(πα) e^(−(q² + p²)/α) x(p − m, q − n)": (
        r"\frac{1}{\pi \alpha} e^{-\frac{q^2+p^2}{\alpha}} x(p-m, q-n)"
    ),
    "E[x] = √2a/√((1+a)π)": r"\mathbb{E}[x] = \frac{\sqrt{2}a}{\sqrt{(1+a)\pi}}",
    "Ψ(x, σ_i, μ_i) = 1/√(2π) e^(−(x−μ_i)²/(2σ_i²))": (
        r"\Psi(x, \sigma_i, \mu_i) = \frac{1}{\sqrt{2\pi}} e^{-\frac{(x-\mu_i)^2}{2\sigma_i^2}}"
    ),
    "Φ^GI(x) = x ⊙ |∂f_c(x)/∂x|": (
        r"\Phi^{GI}(x) = x \odot \left| \frac{\partial f_c(x)}{\partial x} \right|"
    ),
    "MW²(P, Q) = min_γ Σ_ij γ_ij W₂²(ν_i, μ_j)": (
        r"MW^{2}(P,Q) = \min_{\gamma} \sum_{i,j} \gamma_{ij} W_{2}^{2}(\nu_{i},\mu_{j})"
    ),
}


def plain(text):
    """What a reader sees, without white space, hyphens, quotation marks and case."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"\\[a-zA-Z]+", lambda command: SYMBOLS.get(command.group(), ""), text)
    return re.sub(r"[\s$*_^\\{}‘’“”'\"`′‑–—−-]", "", text).lower()


def passages():
    by_paper, paper = {}, ""
    for line in PASSAGES.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            paper = line[1:-1]
        elif line and not line.startswith("# "):
            by_paper.setdefault(paper, []).append(line)
    return by_paper


def is_printed(paper, quotation, lines):
    if re.fullmatch(r"-?\d*\.?\d+", quotation):
        return quotation.lstrip("0") in {text.lstrip("0") for text in printed_tables(paper).text}
    if quotation in FORMULAS:
        return FORMULAS[quotation] in lines
    return any(plain(quotation) in plain(line) for line in lines)


@pytest.mark.parametrize("paper", TESTS_BY_PAPER)
def test_every_quotation_stands_in_the_paper(paper):
    claims, lines = load_claims(), passages()[paper]
    quoted = [
        (claim, quotation)
        for claim in TESTS_BY_PAPER[paper]
        for erratum in audit_internally(claims[claim]).errata
        for text in (erratum.printed, erratum.problem)
        for quotation in quotations(text)
    ]
    assert quoted
    assert [entry for entry in quoted if not is_printed(paper, entry[1], lines)] == []


@pytest.mark.parametrize(
    ("quotation", "found"),
    [
        ("1.5≈0.9√π", True),
        ("1.6≈0.9√π", False),
        ("require a large number of forward-and-backward iterations", True),
        ("require a huge number of forward-and-backward iterations", False),
        ("74.37", True),
        ("74.38", False),
        ("E[x] = √2a/√((1+a)π)", True),
        ("E[x] = √2a/√((1+a²)π)", False),
    ],
)
def test_a_changed_word_or_number_is_no_quotation(quotation, found):
    assert is_printed("dre", quotation, passages()["dre"]) is found


@pytest.mark.skipif(not TEXTS, reason="SALIENCY_PAPERS names no folder with the papers as text")
@pytest.mark.parametrize("paper", TESTS_BY_PAPER)
def test_the_passages_stand_in_the_papers(paper):
    text = plain((Path(TEXTS) / f"{paper}.txt").read_text(encoding="utf-8"))
    assert [line for line in passages()[paper] if plain(line) not in text] == []
