"""Figures and tables of the notebooks about the IDGI paper."""
