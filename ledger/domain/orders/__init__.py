"""Orders and sales: lines, what is promised of them, what became of them."""
