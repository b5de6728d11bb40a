"""Internal audit of ReCo_AUC, the alternative of Appendix D."""

from collections.abc import Mapping

import numpy as np

from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

SIZE = 2000
CLOSE = 0.005


def mr_auc() -> InternalAudit:
    """Does ReCo_AUC agree with ReCo where the answer is known?"""
    from saliency_audit.ledger.internal.mege import limits as limits

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
            "With balanced rates ReCo_AUC equals AUROC − ½ (up to 1/|S|), with the printed rates "
            "separated sets score the entropy of |S≠|/|S|: neither reaches 1 "
            f"({separated['balanced']:.2f} and {separated['printed']:.2f} at |S≠|/|S| = {share}). "
            "The two may still order methods alike; no ReCo_AUC is printed that would show it."
        ),
        undecidable="the paper prints no ReCo_AUC, so the similarity of results cannot be seen",
        errata=_scale_erratum(separated, share),
    )


def _scale_erratum(separated: Mapping[str, float], share: float) -> tuple[Erratum, ...]:
    """Separated sets, for which ReCo is 1, do not score 1 under either definition."""
    if any(abs(score - 1) < CLOSE for score in separated.values()):
        return ()
    return (
        Erratum(
            "Appendix D, ReCo_AUC",
            "the area “of the balanced accuracy” gives similar results to ReCo",
            "It lives on another scale: for perfectly separated distances, where ReCo is 1, it "
            f"is {separated['balanced']:.2f} with balanced rates at any imbalance, and with "
            f"the printed rates the entropy of the imbalance, {separated['printed']:.2f} at "
            f"|S≠|/|S| = {share} and never above log 2 ≈ {np.log(2):.2f}.",
        ),
    )


def _auc_is_auroc() -> Check:
    """Compare both on random scores: the mean over thresholds is a rank statistic."""
    from scipy.stats import mannwhitneyu

    from saliency_audit.metrics.stability import reco_auc

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
