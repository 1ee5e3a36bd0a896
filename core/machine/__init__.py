"""This computer: its devices, memory and cores, and processes that outlive the one that starts them."""
