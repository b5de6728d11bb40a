"""What the papers' released code computes, where the text says something else or nothing.

A module per study. Nothing here is copied: each setting is written from what the code does, which
`data/released/` says with repository, commit and line, and is checked against numbers that the
code itself gave.
"""
