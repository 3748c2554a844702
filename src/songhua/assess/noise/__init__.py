"""Noise assessed by GB 3096, GB 12348, GB 22337, GB 12523, HJ 640. Pure: no clock, no store."""

from songhua.assess.noise.compliance import (
    background_corrected,
    boundary_compliance,
    compliance_rate,
    grade,
    zone_compliance,
)
from songhua.assess.noise.counts import LevelCounts, counted, hundredths
from songhua.assess.noise.days import NoiseDay, NoiseDays, Span, days_of_array
from songhua.assess.noise.events import NoiseEvent, noise_events
from songhua.assess.noise.levels import deviation, exceeded, ldn, leq, mean, rounded
from songhua.assess.noise.standalone import AssessedNoise, assess_noise_csv, explain_day

__all__ = [
    "AssessedNoise",
    "LevelCounts",
    "NoiseDay",
    "NoiseDays",
    "NoiseEvent",
    "Span",
    "assess_noise_csv",
    "background_corrected",
    "boundary_compliance",
    "compliance_rate",
    "counted",
    "days_of_array",
    "deviation",
    "exceeded",
    "explain_day",
    "grade",
    "hundredths",
    "ldn",
    "leq",
    "mean",
    "noise_events",
    "rounded",
    "zone_compliance",
]
