"""Other doors (接入): HTTP, drop folder, SFTP, MQTT, Modbus-TCP. All go through the journal."""

from songhua.app.doors.rows import RowKeeper
from songhua.app.doors.service import Doors

__all__ = ["Doors", "RowKeeper"]
