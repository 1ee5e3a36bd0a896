"""Own pictures as a network that knows photos sees them: wrong labels, and which training suits them."""
