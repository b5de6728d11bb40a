"""What the released code does: findings as Markdown, for claim pages and the page of a paper."""

from collections.abc import Sequence

from saliency_audit.ledger import Finding, Relation, ReleasedCode, ReleasedVerdict
from saliency_audit.report.site.markdown import anchor, code, folded, page, sentence, span
from saliency_audit.report.words import count

MEANING = {
    ReleasedVerdict.AS_DESCRIBED: (
        "Where the text says how, the released code does so; what the text leaves open is below."
    ),
    ReleasedVerdict.DEVIATES: "The released code does something else than the text says.",
    ReleasedVerdict.MATTERS: (
        "The released code does something else than the text says, and the verdict on our own rows "
        "changes with it, by two steps of four."
    ),
    ReleasedVerdict.NOT_RELEASED: "No code that belongs to this claim was released.",
}
# How sure a finding is, where it is not simply read.
HOW_SURE = {"certain": "", "likely": " *(concluded, not read)*"}


def released_badge(word: Relation | ReleasedVerdict) -> str:
    """A relation or verdict as a span that the style sheet tints."""
    return span(str(word), "released", released_class(word))


def released_class(word: Relation | ReleasedVerdict) -> str:
    """The CSS class of a relation or verdict: `released-as-described`."""
    return f"released-{str(word).replace(',', '').replace(' ', '-')}"


def released_html(word: ReleasedVerdict) -> str:
    """A verdict as HTML, for raw tables."""
    return f'<span class="released {released_class(word)}">{word}</span>'


def released_part(released: ReleasedCode, findings: Sequence[Finding]) -> str:
    """The findings that concern a claim, deviations first and the others folded.

    A sentence where there are none.
    """
    if not findings:
        return sentence(released.about)
    deviating = [item for item in findings if item.relation is Relation.DEVIATES]
    others = [item for item in findings if item.relation is not Relation.DEVIATES]
    whole = anchor("all findings of this paper", f"released-{released.paper}")
    told = [
        f"{sum(item.relation is kind for item in others)} {kind}"
        for kind in Relation
        if any(item.relation is kind for item in others)
    ]
    return page(
        f"{count(len(findings), 'finding')}, {len(deviating)} of which deviate ({whole}).",
        "\n".join(finding_item(released, item, short=True) for item in deviating),
        folded(
            f"The others: {', '.join(told)}",
            "\n".join(finding_item(released, item, short=True) for item in others),
        )
        if others
        else "",
    )


def finding_item(released: ReleasedCode, finding: Finding, *, short: bool = False) -> str:
    """One finding as an item: text, code and its lines.

    Args:
        released: the paper's findings, which name the repositories.
        finding: one of them.
        short: without its claims, and without what of ours does the same.
    """
    about = "" if short else f" · {', '.join(finding.claims)}"
    lines = [
        f"**{sentence(finding.topic)}** {released_badge(finding.relation)}{about}\\",
        f"*Text* ({sentence(finding.where)[:-1]}): {sentence(finding.text)}\\",
        f"*Code*{HOW_SURE[finding.certainty]}: {sentence(finding.code)} "
        + ", ".join(_place(released, finding))
        + "\\",
        f"*What it may change:* {sentence(finding.effect)}",
    ]
    if finding.setting and not short:
        shown = f", shown by {code(finding.test)}" if finding.test else ""
        lines[-1] += "\\"
        lines.append(f"*Ours that does the same:* {code(finding.setting)}{shown}")
    return "\n".join(["- " + lines[0], *("  " + line for line in lines[1:])])


def _place(released: ReleasedCode, finding: Finding) -> list[str]:
    repositories = {repository.name: repository for repository in released.repositories}
    found = []
    for place in finding.places:
        address = repositories[place.code].address(place.file, place.lines)
        shown = place.file + (f":{place.lines}" if place.lines else "")
        found.append(f"[{code(shown)}]({address})")
    return found
