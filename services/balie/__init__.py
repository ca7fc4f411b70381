"""Balie: a customer-messaging desk of four gRPC services; see README.md and docs/architecture.md."""
