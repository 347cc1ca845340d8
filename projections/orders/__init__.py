"""Orders and sales: their lines, parcels and returns, and what became of them."""
