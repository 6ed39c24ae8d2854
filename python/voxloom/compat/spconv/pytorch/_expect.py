"""What spconv asserts, also under ``python -O``."""


def expect(holds: bool, message: str) -> None:
    """AssertionError with `message` unless `holds`."""
    if not holds:
        raise AssertionError(message)
