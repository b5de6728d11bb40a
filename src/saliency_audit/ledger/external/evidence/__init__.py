"""Kinds of evidence: paired values, curves, ladders of steps, folds, draws of changed models.

Each module turns rows into effects of its kind; which effects a claim asks for is the tests'.
"""
