"""Writes rdc.sas7bdat: the rows of readstat_rle.sas7bdat as SAS stores them under compress=binary (Ross data
compression), with all of its commands. No program but SAS writes such files; ReadStat reads them, and is asked below.

    python make_rdc.py
"""
import struct
import pyreadstat

SOURCE, TARGET, ROW = "readstat_rle.sas7bdat", "rdc.sas7bdat", 236


def from_rle(data):
    """A row compressed by run lengths (compress=char)."""
    out, i = bytearray(), 0
    while i < len(data):
        command, low = data[i] >> 4, data[i] & 15
        i += 1
        if command in (0, 4, 6, 7):
            n = low * 256 + data[i]
            i += 1
        if command == 0:
            n += 64; out += data[i:i + n]; i += n
        elif command == 4:
            out += data[i:i + 1] * (n + 18); i += 1
        elif command == 6:
            out += b" " * (n + 17)
        elif command == 7:
            out += b"\0" * (n + 17)
        elif command in (8, 9, 10, 11):
            n = low + {8: 1, 9: 17, 10: 33, 11: 49}[command]; out += data[i:i + n]; i += n
        elif command == 12:
            out += data[i:i + 1] * (low + 3); i += 1
        elif command in (13, 14, 15):
            out += {13: b"@", 14: b" ", 15: b"\0"}[command] * (low + 2)
        else:
            raise ValueError(command)
    assert len(out) == ROW
    return bytes(out)


def longest_copy(row, i):
    """The longest piece before i that stands there again, as (length, how far back)."""
    best = (0, 0)
    for start in range(max(0, i - 4098), i - 2):
        n = 0
        while i + n < len(row) and start + n < i and row[start + n] == row[i + n] and n < 271:
            n += 1
        best = max(best, (n, i - start))
    return best


def to_rdc(row):
    """Items, sixteen of them under a word of bits: 0 a byte as it is, 1 a run or a copy of what came before."""
    items, i = [], 0
    while i < len(row):
        run = 1
        while i + run < len(row) and row[i + run] == row[i] and run < 4114:
            run += 1
        copy, back = longest_copy(row, i)
        if run >= 3 and run >= copy:
            if run <= 18:
                items.append(bytes([run - 3, row[i]]))
            else:
                items.append(bytes([0x10 | (run - 19) & 15, (run - 19) >> 4, row[i]]))
            i += run
        elif copy >= 3:
            low, high = (back - 3) & 15, (back - 3) >> 4
            if copy >= 16:
                items.append(bytes([0x20 | low, high, copy - 16]))
            else:
                items.append(bytes([copy << 4 | low, high]))
            i += copy
        else:
            items.append(row[i])
            i += 1
    out = bytearray()
    for at in range(0, len(items), 16):
        group = items[at:at + 16]
        word = sum(0x8000 >> bit for bit, item in enumerate(group) if isinstance(item, bytes))
        out += struct.pack(">H", word)
        for item in group:
            out += item if isinstance(item, bytes) else bytes([item])
    return bytes(out)


LONGEST = 3 * (b"b c" + b"a" * 12)


def doubled(row):
    """The row with its note twice, where it is one of the longest."""
    at = row.find(LONGEST)
    return row if at < 0 else row[:at] + 2 * LONGEST + row[at + 2 * len(LONGEST):]


def subheaders(page):
    n = struct.unpack_from("<H", page, 36)[0]
    for s in range(n):
        yield struct.unpack_from("<QQBB", page, 40 + 24 * s)


def main():
    file = open(SOURCE, "rb").read()
    assert file[32] == 0x33 and file[35] == 0x22 and file[37] == 1, "64 bits, little-endian"
    head, size, pages = struct.unpack_from("<iii", file, 196)
    rows, kept, first = [], [], None
    for number in range(pages):
        page = file[head + number * size:head + (number + 1) * size]
        first = first or page
        for offset, length, compression, kind in subheaders(page):
            data = page[offset:offset + length]
            if compression == 4:
                rows.append(doubled(from_rle(data)))
            elif number == 0:
                kept.append((data.replace(b"SASYZCRL", b"SASYZCR2"), compression, kind))
    made, waiting = [], kept + [(to_rdc(row), 4, 1) for row in rows]
    while waiting:
        page, front, back, n = bytearray(first[:40] + bytes(size - 40)), 40, size, 0
        while waiting and back - len(waiting[0][0]) >= front + 24:
            data, compression, kind = waiting.pop(0)
            back -= len(data)
            page[back:back + len(data)] = data
            struct.pack_into("<QQBB", page, front, back, len(data), compression, kind)
            front, n = front + 24, n + 1
        struct.pack_into("<HHH", page, 32, 0, n, n)
        made.append(bytes(page))
    out = bytearray(file[:head])
    struct.pack_into("<i", out, 204, len(made))
    open(TARGET, "wb").write(bytes(out) + b"".join(made))
    a, b = (pyreadstat.read_sas7bdat(name, user_missing=True)[0] for name in (SOURCE, TARGET))
    longest = LONGEST.decode()
    a["note"] = [2 * note if note == longest else note for note in a["note"]]
    assert a.equals(b) and len(a) == 300, "ReadStat reads the same rows from both"


main()
