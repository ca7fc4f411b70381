"""Internal notes: what staff tell each other about a handoff, and contacts never see."""
