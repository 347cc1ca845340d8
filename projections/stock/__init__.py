"""What there is: inventory, its history and its days, movements and holds."""
