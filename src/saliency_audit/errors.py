"""The base of every error that a user can cause and mend."""


class AuditError(Exception):
    """Its message names the cause and the remedy; the command line prints it without traceback."""
