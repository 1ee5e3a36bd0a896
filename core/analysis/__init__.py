"""What the numbers of a run say: the coach, comparisons, mistakes, scores, the story of the demo."""
