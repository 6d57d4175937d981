"""Python reads this before the emulator starts: it is watched, and mended where it does not tell what it knows."""

import os


def begin():
    try:
        import ministack.app  # noqa: F401
    except ImportError:
        return  # Another Python program, started by the emulator.
    import chosen_ids
    import federation
    import hold
    import mend
    import record

    record.begin(os.environ["DATALAKE_RECORD"])
    mend.begin()
    federation.begin()
    chosen_ids.begin()
    hold.begin(os.environ["DATALAKE_RECORD"])


if os.environ.get("DATALAKE_RECORD"):
    begin()
