"""The handoff service: who speaks. It decides every turn, and runs queues, agents and handoffs."""
