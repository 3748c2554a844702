"""The laboratory: calibration, control samples, acceptance of a batch. Pure."""
