"""Relevance estimators: networks that generate a classifier's masks in one pass (DRE, MGnet)."""
