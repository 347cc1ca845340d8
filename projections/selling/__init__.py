"""What may be sold: availability for channels, and the catalog behind it."""
