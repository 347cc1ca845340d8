"""What is to come: supplies from outside, and transfers between locations."""
