"""How long an MP3 lasts: the sum of its frames, whether their rate is constant or not.

Source: ISO/IEC 11172-3 and 13818-3, the header of a layer III frame; ID3v2.4, "ID3v2 header".
"""

KBITS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Bit rates of MPEG-1, and of MPEG-2 with its lower sampling rates, by their number in the header."""
RATES = (44_100, 48_000, 32_000)
"""Sampling rates of MPEG-1; those of MPEG-2 are half, of MPEG-2.5 a quarter."""
PARTS = {3: 1, 2: 2, 0: 4}
"""By the version in the header: what the sampling rate is divided by."""


def seconds_of(mp3: bytes) -> float:
    """Raises: ValueError when it has no frame of MPEG layer III."""
    at, seconds = _after_tags(mp3), 0.0
    while frame := _frame(mp3[at : at + 4]):
        length, lasts = frame
        at += length
        seconds += lasts
    if not seconds:
        raise ValueError("this is no MP3: save it as MPEG layer III, mono, 24 kbit/s or a little more")
    return seconds


def _after_tags(mp3: bytes) -> int:
    """Where the first frame is, if title and artist come before it."""
    if mp3[:3] != b"ID3":
        return 0
    size = 0
    for byte in mp3[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame(header: bytes) -> tuple[int, float] | None:
    """Its length in bytes and in seconds."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    parts, kbits, rate = PARTS.get(header[1] >> 3 & 3), header[2] >> 4, header[2] >> 2 & 3
    if parts is None or kbits in (0, 15) or rate == 3:
        return None
    sampling, samples = RATES[rate] / parts, 1152 if parts == 1 else 576
    per_second = (KBITS_1 if parts == 1 else KBITS_2)[kbits] * 1000 // 8
    return int(samples * per_second / sampling) + (header[2] >> 1 & 1), samples / sampling
