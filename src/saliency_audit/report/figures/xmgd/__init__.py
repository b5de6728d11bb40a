"""Figures and tables of the XMGD paper's claims."""
