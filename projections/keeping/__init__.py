"""How views are kept: how far they are, and what replaces them."""
