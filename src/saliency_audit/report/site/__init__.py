"""The site: pages written from the ledger, the Sphinx extension and the strict build."""
