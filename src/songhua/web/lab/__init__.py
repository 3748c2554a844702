"""The laboratory's pages: work list, samples, batches, instruments, the field sheet."""
