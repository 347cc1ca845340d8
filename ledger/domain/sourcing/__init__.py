"""Who serves an order: channels, locations, capacity, backorders, quotes; and why."""
