"""Learning from use: what is said of answers, and what was asked in vain, grouped for review."""
