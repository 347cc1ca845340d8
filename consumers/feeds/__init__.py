"""Publishing to the topics that others read: a network's events, and what channels may sell."""
