"""Agents and queues: who answers, what they can, where handoffs wait, and what is asked less the longer they wait."""
