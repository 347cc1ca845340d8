"""What an example is: a request as a channel sends it."""

Example = dict[str, object]
"""The JSON object of one request."""
