"""The services that the gateway calls: how it speaks to them, and how their words become its own."""
