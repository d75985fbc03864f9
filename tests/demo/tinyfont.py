"""Makes a TrueType font in code, so that the demo needs no font of the machine: every printable ASCII character is the same
box. It has the tables that the OpenType specification requires for a font with TrueType outlines."""

import struct

EM, WIDTH = 1000, 600
DATE = 3_786_825_600  # 2024-01-01, in seconds since 1904


def font(family):
    # There are two glyphs: .notdef, which is empty, and the box.
    corners = [(100, 0), (100, 700), (500, 700), (500, 0)]
    box = struct.pack(">hhhhh", 1, 100, 0, 500, 700)  # one contour; its bounds
    box += struct.pack(">HH", len(corners) - 1, 0)  # the index of its last point; no instructions
    box += bytes([1] * len(corners))  # every point is on the curve, both deltas are words
    for axis in (0, 1):
        values = [corner[axis] for corner in corners]
        box += struct.pack(">4h", *(value - last for value, last in zip(values, [0, *values])))
    box += bytes(-len(box) % 4)

    # Windows, Unicode, format 4: the codes 32 to 126 through an array of glyph numbers, and the closing segment.
    codes = 126 - 32 + 1
    segments = struct.pack(">2HH2H2h2H", 126, 0xFFFF, 0, 32, 0xFFFF, 0, 1, 4, 0) + struct.pack(">H", 1) * codes
    subtable = struct.pack(">4H3H", 4, 14 + len(segments), 0, 4, 4, 1, 0) + segments

    names = [(1, family), (2, "Regular"), (3, family), (4, family), (6, family.replace(" ", ""))]
    texts = [text.encode("utf-16-be") for _, text in names]
    starts = [sum(map(len, texts[:n])) for n in range(len(texts))]
    records = b"".join(
        struct.pack(">6H", 3, 1, 0x409, number, len(text), start)
        for (number, _), text, start in zip(names, texts, starts)
    )

    tables = {
        b"OS/2": struct.pack(
            ">HhHHH11h10s4L4sHHHhhhHHLLhhHHH",
            *(4, WIDTH, 400, 5, 0),  # version, average width, weight, width class, may be embedded
            *(650, 700, 0, 140, 650, 700, 0, 480, 50, 250, 0),  # sub- and superscript, strikeout, family class
            bytes(10),  # PANOSE: any
            *(1, 0, 0, 0),  # Unicode ranges: Basic Latin
            b"NONE",
            *(0x40, 32, 126, 700, -200, 0, 800, 200, 1, 0, 500, 700, 0, 32, 1),  # regular, first and last code, metrics
        ),
        b"cmap": struct.pack(">2H2HL", 0, 1, 3, 1, 12) + subtable,
        b"glyf": box,
        b"head": struct.pack(
            ">4LHHqq4hHH3h",
            *(0x10000, 0x10000, 0, 0x5F0F3CF5),  # versions, checksum (filled in by assemble), magic number
            *(0, EM, DATE, DATE),
            *(100, 0, 500, 700),  # bounds of all glyphs
            *(0, 8, 2, 1, 0),  # style, smallest size, direction, long offsets in loca
        ),
        b"hhea": struct.pack(">L3hH11hH", 0x10000, 800, -200, 0, WIDTH, 100, 100, 500, 1, *[0] * 7, 2),
        b"hmtx": struct.pack(">HhHh", WIDTH, 0, WIDTH, 100),
        b"loca": struct.pack(">3L", 0, 0, len(box)),
        b"maxp": struct.pack(">L14H", 0x10000, 2, len(corners), 1, 0, 0, 2, *[0] * 8),
        b"name": struct.pack(">3H", 0, len(names), 6 + len(records)) + records + b"".join(texts),
        b"post": struct.pack(">LLhhLLLLL", 0x30000, 0, -100, 50, 1, 0, 0, 0, 0),
    }
    return assemble(tables)


def checksum(data):
    data += bytes(-len(data) % 4)
    return sum(struct.unpack(f">{len(data) // 4}L", data)) & 0xFFFFFFFF


def assemble(tables):
    power = len(tables).bit_length() - 1
    header = struct.pack(">L4H", 0x10000, len(tables), 16 << power, power, 16 * len(tables) - (16 << power))
    directory, body, start = b"", b"", len(header) + 16 * len(tables)
    for tag, data in sorted(tables.items()):
        directory += struct.pack(">4s3L", tag, checksum(data), start + len(body), len(data))
        if tag == b"head":
            adjustment = start + len(body) + 8
        body += data + bytes(-len(data) % 4)
    whole = header + directory + body
    return whole[:adjustment] + struct.pack(">L", 0xB1B0AFBA - checksum(whole) & 0xFFFFFFFF) + whole[adjustment + 4 :]
