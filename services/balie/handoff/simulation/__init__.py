"""A desk in simulated time: the service's own code, with contacts and agents that are drawn by chance."""
