"""What arrives goes on to other platforms: kept, in order, with receipts."""

from songhua.app.forward.service import Forwarding

__all__ = ["Forwarding"]
