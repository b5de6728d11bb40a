"""Internal audit of DRE-COST: sentences on passes and hyper-parameters against Table 2."""

from collections.abc import Mapping, Sequence

from saliency_audit.ledger.internal.orders import count_held, list_exceptions, values_by
from saliency_audit.ledger.printed import printed_table
from saliency_audit.ledger.verdict import Check, InternalAudit, erratum_if

GRADIENT = ("GCAM", "GCAM++", "VGrad", "SMGrad", "ITGrad")
PERTURBATION = ("MPert", "FInv", "XPert")
MANY = 100  # "hundreds"
FEW = 10


def dre_cost() -> InternalAudit:
    """Sentences of §2 and §4.1 on passes and hyper-parameters against Table 2."""
    passes = _quantity("iterations_per_explanation")
    tuned = _quantity("sensitive_hyperparameters")
    others = [method for method in passes if method != "DRE"]
    iterating = [method for method in others if passes[method] > 1]
    sensitive = [method for method in others if method in tuned]
    checks = (
        Check("DRE: no sensitive hyper-parameter", "DRE" not in tuned, "a dash", _dash(tuned)),
        Check("DRE: one pass", passes["DRE"] == 1, "1", f"{passes['DRE']:g}"),
        _majority("most of the compared methods need many passes (§4.1)", iterating, others),
        _majority("most of them have sensitive hyper-parameters (§4.1)", sensitive, others),
        *(_hundreds(method, passes[method]) for method in PERTURBATION),
        *(_few(method, passes[method]) for method in GRADIENT),
    )
    detail = (
        f"{count_held(checks)} statements on cost agree with Table 2 (exceptions: "
        f"{list_exceptions(checks)}). Those on kinds of methods (§2) do not decide. Table 2 counts "
        "a forward pass (DRE, MGnet) and a forward and backward pass (GCAM, VGrad) alike as 1."
    )
    both = [method for method in iterating if method in sensitive]
    fewer = [method for method in PERTURBATION if passes[method] < MANY]
    errata = (
        *erratum_if(
            2 * len(sensitive) <= len(others),
            "§4.1 against Table 2",
            "“most of them require a large number of forward-and-backward iterations to build each "
            "mask and involve sensitive hyper-parameters in their objective functions”",
            f"Table 2 gives sensitive hyper-parameters to {len(sensitive)} of {len(others)} "
            f"({', '.join(sensitive)}), and both to {len(both)} ({', '.join(both)}).",
        ),
        *erratum_if(
            bool(fewer),
            "§2 against Table 2",
            "“the above methods demand hundreds of iterations for optimizing the saliency map for "
            "each image”",
            "Table 2 gives fewer: "
            f"{', '.join(f'{method} {passes[method]:g}' for method in fewer)}.",
        ),
    )
    return InternalAudit(checks, detail, errata)


def _quantity(name: str) -> dict[str, float]:
    """Method as printed -> value, for the methods that have one (a dash has none)."""
    return values_by(printed_table("dre", "table_02"), "row", quantity=name)


def _dash(tuned: Mapping[str, float]) -> str:
    return f"{tuned['DRE']:g}" if "DRE" in tuned else "a dash"


def _majority(name: str, members: Sequence[str], everyone: Sequence[str]) -> Check:
    return Check(
        name,
        2 * len(members) > len(everyone),
        f"more than half of {len(everyone)}",
        f"{len(members)}: {', '.join(members)}",
    )


def _hundreds(method: str, passes: float) -> Check:
    name = f"{method} needs hundreds of iterations (§2)"
    return Check(name, passes >= MANY, f"≥ {MANY}", f"{passes:g}", deciding=False)


def _few(method: str, passes: float) -> Check:
    name = f"{method}, gradient-based, needs a few iterations (§2)"
    return Check(name, passes <= FEW, f"≤ {FEW}", f"{passes:g}", deciding=False)
