"""Training recipe of the scoring models that ship with Gleaner."""
