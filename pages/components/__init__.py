"""What the pages are made of. It may import core; core never imports it."""
