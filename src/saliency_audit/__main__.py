"""`python -m saliency_audit` is `saliency-audit`: for checkouts that are not installed."""

from saliency_audit.cli import main

if __name__ == "__main__":
    main()
