"""Figures and tables of the notebooks: a folder per paper, what they share beside it."""
