"""The versions of the handoff service's schema; `balie.kit.migrations` runs them."""
