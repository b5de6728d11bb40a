"""Figures and tables of the notebooks about the GGIG paper."""
