"""What every Balie service needs and no service owns: errors, server, settings, log, database, registry, testing."""
