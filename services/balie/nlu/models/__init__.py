"""Models: trained from examples in the background, kept with all their files in the database, and changed without a gap."""
