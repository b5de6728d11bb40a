"""The site, what notebooks share to show a run, and the figures of each paper."""
