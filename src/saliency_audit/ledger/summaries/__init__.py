"""Numbers that figures and tables show beside the verdicts; no test decides by them."""
