"""What is kept of conversations for those who work with them afterwards: the record of a turn, the briefing of an agent."""
