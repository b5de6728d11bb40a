"""Figures and tables of the notebooks about the DRE paper."""
