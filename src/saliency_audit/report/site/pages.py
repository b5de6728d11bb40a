"""Write the generated pages: they follow from the ledger and are never edited or committed."""

from pathlib import Path

from saliency_audit.ledger import audit_all, load_papers
from saliency_audit.locations import project_root
from saliency_audit.processes import cores
from saliency_audit.report.site.claim_page import claim_page, page_name
from saliency_audit.report.site.claims_table import claims_page
from saliency_audit.report.site.code_page import code_page
from saliency_audit.report.site.errata_page import errata_page
from saliency_audit.report.site.highlights_part import highlights_block
from saliency_audit.report.site.metrics_table import metrics_table
from saliency_audit.report.site.performance_page import performance_page
from saliency_audit.report.site.printed_page import printed_overview, printed_page
from saliency_audit.report.site.released_page import released_overview, released_page
from saliency_audit.report.site.robustness_part import robustness_page
from saliency_audit.report.site.status import status_block

FOLDERS = ("book/claims", "book/generated")


def write_pages() -> list[Path]:
    """Write the generated pages, delete those that are no longer generated, and return their paths.

    A page that says what it said before is not touched: Sphinx then need not read it again.
    """
    root = project_root()
    pages = {root / name: text for name, text in render_pages(root, cores()).items()}
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_file() and path not in pages:
                path.unlink()
    for path, text in pages.items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return list(pages)


def render_pages(root: Path, jobs: int = 1) -> dict[str, str]:
    """Every generated page by its path below the project folder.

    Args:
        root: the project folder.
        jobs: processes that compute audits that no earlier run kept.
    """
    papers = load_papers()
    audits = audit_all(jobs=jobs)
    by_name = {paper.paper: paper for paper in papers}
    pages = {
        f"book/claims/{page_name(audit.claim.id)}.md": claim_page(
            by_name[audit.claim.paper], audit, root
        )
        for audit in audits
    }
    pages["book/generated/highlights.md"] = highlights_block(audits)
    pages["book/generated/status.md"] = status_block(papers, audits)
    pages["book/generated/claims.md"] = claims_page(papers, audits)
    pages["book/generated/errata.md"] = errata_page(papers, audits)
    pages["book/generated/metrics.md"] = metrics_table()
    pages["book/generated/code.md"] = code_page()
    pages["book/generated/performance.md"] = performance_page(root)
    pages["book/generated/printed.md"] = printed_overview(papers)
    pages["book/generated/robustness.md"] = robustness_page(audits)
    pages["book/generated/released.md"] = released_overview(papers)
    for paper in papers:
        pages[f"book/generated/released-{paper.paper}.md"] = released_page(paper, audits)
        pages[f"book/generated/printed-{paper.paper}.md"] = printed_page(paper)
    return pages
