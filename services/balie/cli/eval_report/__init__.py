"""The page of an evaluation: one file with everything in it, to be looked at, sent on and kept."""
