"""The migrations of a service that keeps notes: the least that a service owns, for tests of the kit."""
