"""Reader of the ground truth: for evaluation and the demo only."""
