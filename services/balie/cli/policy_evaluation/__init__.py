"""The whole policy, measured: labelled messages go through NLU, the gateway's pipeline and the router, all in this process."""
