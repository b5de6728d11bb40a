"""What notebooks share: the rows of a run, tables and the text of a verdict."""
