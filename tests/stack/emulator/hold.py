"""Stops time for one file, so that something comes between as surely as it does by chance.

Where a file `hold` lies beside the record, it is renamed to `held` by the next file of an export that is put, and that waits
until `held` is gone.
"""

import asyncio
import pathlib

from ministack import app

PATIENCE_SECONDS = 60


def begin(record):
    hold, held = (pathlib.Path(record).with_name(name) for name in ("hold", "held"))
    answer = app.app

    async def answer_in_time(scope, receive, send):
        if scope["type"] == "http" and scope["method"] == "PUT" and "/exports/" in scope["path"] and hold.exists():
            hold.rename(held)
            for _ in range(PATIENCE_SECONDS * 20):
                if not held.exists():
                    break
                await asyncio.sleep(0.05)
        await answer(scope, receive, send)

    app.app = answer_in_time
