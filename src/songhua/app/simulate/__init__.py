"""Virtual loggers: real values over real TCP, with faults on demand. Never shown as observed."""

from songhua.app.simulate.faults import Faults, read_faults
from songhua.app.simulate.fleet import Report, play_back, run_fleet
from songhua.app.simulate.logger import Logger, Tally
from songhua.app.simulate.messages import Message, load_messages, mn_of, replay_messages

__all__ = [
    "Faults",
    "Logger",
    "Message",
    "Report",
    "Tally",
    "load_messages",
    "mn_of",
    "play_back",
    "read_faults",
    "replay_messages",
    "run_fleet",
]
