"""The versions of the gateway's schema; `balie.kit.migrations` runs them."""
