"""Room on the disk that etcd's database may still grow into once the disk is full.

bbolt lengthens its file with holes, so that the first write into one of them ends etcd where no block is
left. What etcd logs ahead of its writes it sets aside itself, in segments of 64 MB.
"""

import ctypes
import os
from pathlib import Path

AHEAD = 32 << 20  # bytes beyond the database's length
_KEEP_SIZE = 1  # of fallocate(2): the file's length is bbolt's own affair
_BLOCK = 512  # bytes, the unit of st_blocks on any file system

_libc = ctypes.CDLL(None, use_errno=True)


def keep(data: Path) -> bool:
    """For the data folder of one etcd, also while it runs; False where the disk cannot give it."""
    try:
        database = os.open(data / "member/snap/db", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        now = os.fstat(database)
        if now.st_blocks * _BLOCK >= now.st_size + AHEAD // 2:
            return True
        wanted = ctypes.c_int64(now.st_size + AHEAD)
        return bool(_libc.fallocate64(database, _KEEP_SIZE, ctypes.c_int64(0), wanted) == 0)
    finally:
        os.close(database)
