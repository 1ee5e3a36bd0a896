"""What is kept of people's pictures: where, who sees it, until when, and how it goes."""
