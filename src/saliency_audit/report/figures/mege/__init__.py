"""Figures and tables of the notebooks about the MeGe and ReCo paper."""
