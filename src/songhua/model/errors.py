"""Every exception raised on purpose.

::

    SonghuaError
    ├── BadInput        a request, file or setting that cannot be used; says what to do, zh and en
    ├── UnknownName     a site, region, quantity or edition that is not registered
    └── NoRuleInForce   no edition of a standard was in force on a day
"""

from datetime import date


class SonghuaError(Exception):
    """The root of all exceptions raised on purpose."""


class BadInput(SonghuaError):
    """Something a person gave cannot be used.

    Parameters
    ----------
    zh, en
        What happened, to which thing, and what to do, in the reader's words.
    """

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} {en}")
        self.zh = zh
        self.en = en


class UnknownName(BadInput):
    """A name that no register holds."""

    def __init__(self, kind_zh: str, kind_en: str, name: str) -> None:
        super().__init__(f"没有这个{kind_zh}：{name}。", f"Unknown {kind_en}: {name}.")
        self.name = name


class NoRuleInForce(SonghuaError):
    """No edition of a family of standards was in force on a day."""

    def __init__(self, family: str, on: date) -> None:
        super().__init__(
            f"{on.isoformat()} 没有生效的 {family}。 No edition of {family} was in force that day."
        )
        self.family = family
        self.on = on
