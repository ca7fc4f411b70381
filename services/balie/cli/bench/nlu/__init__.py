"""`balie bench nlu`: what understanding a message costs, beside what a developer would write in an afternoon."""
