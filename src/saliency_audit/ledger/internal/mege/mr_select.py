"""Internal audit of MR-SELECT: the places of three methods in Tables 1, 5, 6 and 7."""

from collections.abc import Sequence

from saliency_audit.ledger.internal.mege.marks import mark_errata
from saliency_audit.ledger.internal.mege.tables import DATASETS, METRICS, UNDEGRADED, scores
from saliency_audit.ledger.internal.signs import (
    count_held,
    list_exceptions,
    ordinal,
    rank_of,
    ranking,
    sign_check,
)
from saliency_audit.ledger.printed import printed_tables
from saliency_audit.ledger.verdict import Check, Erratum, InternalAudit

RECOMMENDED = ("GC", "G+", "RI")


def mr_select() -> InternalAudit:
    """Are Grad-CAM, Grad-CAM++ and RISE the first three of seven wherever a score is printed?"""
    tables = printed_tables("mege", *UNDEGRADED)
    places = []
    for dataset, metric in tables[["dataset", "metric"]].drop_duplicates().itertuples(index=False):
        values = scores(tables, dataset=dataset, metric=metric)
        for method in RECOMMENDED:
            place, ties = rank_of(values, method)
            places.append(
                Check(
                    f"{method}, {METRICS[metric]}, {DATASETS[dataset]}",
                    place <= len(RECOMMENDED),
                    f"among the first {len(RECOMMENDED)} of {len(values)}",
                    f"{ordinal(place)}{' (tied)' if ties > 1 else ''}, {values[method]:.2f}",
                )
            )
    imagenet = {metric: scores(tables, dataset="imagenet", metric=metric) for metric in METRICS}
    checks = (*places, *_sentences_on_imagenet(imagenet))
    scored = set(tables.loc[tables["metric"] == "mu_fidelity", "dataset"])
    unscored = [name for dataset, name in DATASETS.items() if dataset not in scored]
    failed = [check for check in places if not check.holds]
    return InternalAudit(
        checks=checks,
        detail=(
            f"{count_held(places)} places among the first three of seven; exceptions: "
            f"{list_exceptions(failed)}. Other sentences on ImageNet: "
            f"{count_held(checks[len(places) :])}. μF is not printed for "
            f"{' and '.join(unscored) or 'no set'}."
        ),
        errata=(
            *_places_erratum(places, failed),
            *_fidelity_erratum(unscored),
            *mark_errata(),
        ),
    )


def _places_erratum(places: Sequence[Check], failed: Sequence[Check]) -> tuple[Erratum, ...]:
    if not failed:
        return ()
    return (
        Erratum(
            "§4.4, Tables 1, 5, 6, 7",
            "Grad-CAM, Grad-CAM++ and RISE give faithful, representative and consistent "
            "explanations",
            f"In {len(failed)} of {len(places)} cases one of the three is not among the first "
            f"three of the seven methods: {list_exceptions(failed)}.",
        ),
    )


def _fidelity_erratum(unscored: Sequence[str]) -> tuple[Erratum, ...]:
    if not unscored:
        return ()
    return (
        Erratum(
            "§4.4, Appendix G",
            "faithful explanations on all image sets, “for more results … see appendix G”",
            f"Fidelity is not printed for {' and '.join(unscored)}.",
        ),
    )


def _sentences_on_imagenet(imagenet: dict[str, dict[str, float]]) -> tuple[Check, ...]:
    fidelity = imagenet["mu_fidelity"]
    best_two = sorted(fidelity, key=lambda method: fidelity[method], reverse=True)[:2]
    return (
        Check(
            "RISE and Grad-CAM have the best μF, ImageNet",
            set(best_two) == {"RI", "GC"},
            "RI and GC first",
            ranking(fidelity, digits=2),
        ),
        *(
            sign_check(
                f"RISE above Grad-CAM, {METRICS[metric]}, ImageNet",
                imagenet[metric]["RI"] - imagenet[metric]["GC"],
                digits=2,
            )
            for metric in ("mege", "reco")
        ),
    )
