"""Tables of the GGIG paper by the library's names of its methods."""

import pandas as pd

from saliency_audit.ledger import printed_tables

# Its IG is without the product with the input.
METHODS = {"ig": "ig_without_product"}


def printed_table(name: str) -> pd.DataFrame:
    """A printed table as `ledger.printed_tables` has it, its methods renamed."""
    return printed_tables("ggig", name).replace({"method": METHODS})
