"""The writer: requests come in, are decided in one order, recorded, and answered."""
