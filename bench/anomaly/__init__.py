"""Detection on labelled series beside the peers."""
