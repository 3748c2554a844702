"""The doors for programs: `/api/v1`. What the platform must do for them is in `ports`."""
