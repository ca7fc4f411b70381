"""The figures as metrics for Prometheus, on a port of their own: numbers by tenant and queue, and nothing of a contact."""
