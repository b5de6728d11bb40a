"""The experiments, one module each; the registry lists each module's `EXPERIMENT`."""
