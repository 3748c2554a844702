"""The record kept and proved: acts, checkpoints, verification, proofs of single values."""
