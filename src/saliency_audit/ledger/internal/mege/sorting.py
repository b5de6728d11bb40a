"""The rules by which the MeGe/ReCo paper sorts a distance into S= or S≠, compared case by case."""

from itertools import product

from saliency_audit.ledger.verdict import Erratum


def sorting_errata() -> tuple[Erratum, ...]:
    """Eq. 4 against Algorithm 1, and the caption of Fig. 2 against both."""
    cases = list(product((True, False), repeat=2))  # is f_i right, is f_j right
    equation = [(held_out, fitted) for held_out, fitted in cases if held_out != fitted]
    algorithm = [(held_out, fitted) for held_out, fitted in cases if held_out and not fitted]
    lost = [case for case in equation if case not in algorithm]
    described = " and ".join(_describe(*case) for case in lost)
    return (
        Erratum(
            "Eq. 4 against Algorithm 1",
            "S≠ holds the distances where exactly one predictor is right (Eq. 4, ⊕)",
            f"Algorithm 1 keeps {len(algorithm)} of the {len(equation)} cases of Eq. 4. It leaves "
            f"out {described}. The rate of that case minus that of the case kept is exactly the "
            "accuracy of f_j on its training images minus that of f_i on unseen ones, so the case "
            "left out is the more frequent one if predictors fit their training images better.",
            read=True,
        ),
        Erratum(
            "Fig. 2 against Eqs. 3 and 4",
            "distances whose predictions do not contradict go to S=, the others to S≠ (caption)",
            "Eqs. 3 and 4 sort by correctness, not by agreement: two predictors that are both "
            "wrong belong to neither set, whether they agree (S= by the caption) or not (S≠ by the "
            "caption and by the contradiction of Eq. 2).",
            read=True,
        ),
    )


def _describe(held_out: bool, fitted: bool) -> str:
    right = {True: "right", False: "wrong"}
    return f"f_i, which never saw x, {right[held_out]} and f_j, trained on x, {right[fitted]}"
