"""What a verification finds."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Found:
    """One thing looked at. `state` is ``ok``, ``warn`` or ``fail``.

    Parameters
    ----------
    part
        ``key``, ``files``, ``journal``, ``record``, ``registry`` or ``shelf``.
    where
        The first bad record, file or row; empty where nothing is wrong.
    """

    state: str
    part: str
    zh: str
    en: str
    where: str = ""


@dataclass(slots=True)
class Verdict:
    """All that was found."""

    found: list[Found] = field(default_factory=list)

    def ok(self, part: str, zh: str, en: str) -> None:
        """Note that a part is as it was."""
        self.found.append(Found("ok", part, zh, en))

    def warn(self, part: str, zh: str, en: str) -> None:
        """Note what could not be proved either way."""
        self.found.append(Found("warn", part, zh, en))

    def fail(self, part: str, where: str, zh: str, en: str) -> None:
        """Note what was altered, removed or put in."""
        self.found.append(Found("fail", part, zh, en, where))

    @property
    def is_whole(self) -> bool:
        """Whether nothing was altered, removed or put in."""
        return all(one.state != "fail" for one in self.found)
