"""Internal audit of ReCo_AUC, the alternative of Appendix D."""

import numpy as np
from scipy.stats import mannwhitneyu

from saliency_audit.ledger.internal.mege import limits
from saliency_audit.ledger.verdict import Check, InternalAudit
from saliency_audit.metrics.stability import reco_auc

SIZE = 2000
CLOSE = 0.005


def mr_auc() -> InternalAudit:
    """Does ReCo_AUC agree with ReCo where the answer is known?"""
    share = 0.1
    separated = {
        "balanced": limits.separated_auc(share, SIZE, "balanced"),
        "printed": limits.separated_auc(share, SIZE, "printed"),
    }
    expected = {"balanced": 0.5, "printed": limits.entropy(share)}
    checks = (
        *(
            Check(
                f"separated S= and S≠ score 1, {definition} rates",
                abs(separated[definition] - 1) < CLOSE,
                "1, as ReCo does",
                f"{separated[definition]:.3f} (closed form {expected[definition]:.3f})",
                deciding=False,
            )
            for definition in separated
        ),
        _auc_is_auroc(),
    )
    return InternalAudit(
        checks=checks,
        detail=(
            "For perfectly separated distances ReCo is 1. ReCo_AUC is on another scale: with "
            "balanced rates it equals AUROC − ½ (up to 1/|S|), with the printed rates separated "
            "sets score the entropy of |S≠|/|S|, so neither reaches 1 "
            f"({separated['balanced']:.2f} and {separated['printed']:.2f} at |S≠|/|S| = {share}). "
            "The two may still order methods alike; no ReCo_AUC is printed that would show it."
        ),
        undecidable="the paper prints no ReCo_AUC, so the similarity of results cannot be seen",
    )


def _auc_is_auroc() -> Check:
    """Compare both on random scores: the mean over thresholds is a rank statistic."""
    rng = np.random.default_rng(0)
    equal, different = rng.exponential(1, 300), rng.exponential(1.5, 100)
    auroc = mannwhitneyu(different, equal).statistic / (len(equal) * len(different))
    area = reco_auc(equal, different, "balanced")
    return Check(
        "with balanced rates ReCo_AUC carries the information of the AUROC",
        abs(area - (auroc - 0.5 - 1 / 400)) < 1e-12,
        "AUROC − ½ − 1/|S|",
        f"{area:.4f} for an AUROC of {auroc:.4f} and |S| = 400",
        deciding=False,
    )
