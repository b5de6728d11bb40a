"""Figures and tables of the notebooks: a folder per paper, its claims in the first lines."""
