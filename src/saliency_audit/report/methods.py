"""Names of the six methods of the IDGI study in print."""

from saliency_audit.report.names import PATH_NAMES

SUFFIX = "+idgi"


def method_name(method: str) -> str:
    """`gig+idgi` -> `Guided IG+IDGI`; the name itself where it is none of the six."""
    path = method.removesuffix(SUFFIX)
    if path not in PATH_NAMES:
        return method
    return PATH_NAMES[path] + ("+IDGI" if method.endswith(SUFFIX) else "")
