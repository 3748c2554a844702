"""Air beyond the six: VOC, rain, particle components, dust weather, mobile surveys. Pure."""

from songhua.assess.air_beyond.standalone import (
    AssessedAir,
    assess_particles_csv,
    assess_rain_csv,
    assess_voc_csv,
)
from songhua.assess.air_beyond.track import Track, track_of, write_track

__all__ = [
    "AssessedAir",
    "Track",
    "assess_particles_csv",
    "assess_rain_csv",
    "assess_voc_csv",
    "track_of",
    "write_track",
]
