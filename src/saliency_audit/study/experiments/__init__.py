"""The experiments, one module each; a module's `EXPERIMENT` is what the registry lists."""
