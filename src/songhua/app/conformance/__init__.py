"""Does a platform or a logger keep to HJ 212? Each clause tried over real TCP, with evidence."""

from songhua.app.conformance.finding import Finding, Verdict
from songhua.app.conformance.logger_trial import try_logger
from songhua.app.conformance.platform_trial import try_platform

__all__ = ["Finding", "Verdict", "try_logger", "try_platform"]
