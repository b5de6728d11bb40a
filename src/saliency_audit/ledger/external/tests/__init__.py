"""The tests: one module per claim or tight group of claims, named after it."""
