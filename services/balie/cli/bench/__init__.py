"""`balie bench`: what a turn of the running suite costs, over the two floors it stands on, the encoder and gRPC itself."""
