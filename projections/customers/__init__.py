"""Who bought: customers, what is known of them, and who is one person."""
