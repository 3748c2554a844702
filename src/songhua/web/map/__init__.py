"""One map (一张图) and the wall view (大屏)."""
