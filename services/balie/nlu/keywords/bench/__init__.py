"""What keywords cost: time to load, memory, and processor time for each message, with up to 100,000 keywords and more.

`python -m balie.nlu.keywords.bench` measures in a process with nothing else in it, and prints a line of JSON.
"""
