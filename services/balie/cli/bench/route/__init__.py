"""How fast turns are decided while many handoffs are open."""
