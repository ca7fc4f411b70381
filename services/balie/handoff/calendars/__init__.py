"""Calendars: when a queue has people, how long a business hour lasts, and where both are kept."""
