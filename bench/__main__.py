"""Run every benchmark: `make bench`."""

import platform

from bench import air_index, gateway, hj212, imports, quality, store, workbench


def main() -> None:
    """Print the machine, then every benchmark."""
    print(f"{platform.platform()}, Python {platform.python_version()}")
    for module in (air_index, imports, store, hj212, quality, workbench, gateway):
        print(f"\n== {module.__name__}: {(module.__doc__ or '').splitlines()[0]}")
        module.main()


if __name__ == "__main__":
    main()
