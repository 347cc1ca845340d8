"""What people must look at: exceptions, open and resolved."""
