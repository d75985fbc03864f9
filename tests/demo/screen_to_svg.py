#!/usr/bin/env python3
"""Turns a captured terminal screen (`tmux capture-pane -e -p` on standard input) into an SVG picture on standard output."""

import html
import re
import sys
import unicodedata

COLUMN, LINE, MARGIN = 8.4, 18, 14
TEXT, BACK = "#d8dee9", "#1d2129"
NAMED = ["#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9"]


def indexed(number):
    """The colour with this number in the 256-colour palette."""
    if number < 16:
        return NAMED[number % 8]
    if number < 232:
        steps = [0, 95, 135, 175, 215, 255]
        number -= 16
        return "#%02x%02x%02x" % (steps[number // 36], steps[number // 6 % 6], steps[number % 6])
    return "#%02x%02x%02x" % ((8 + 10 * (number - 232),) * 3)


class Pen:
    """The attributes of the next characters."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.front, self.back = None, None
        self.bold = self.dim = self.reverse = self.underline = False

    def obey(self, codes):
        codes = [int(code or 0) for code in codes.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.reset()
            elif code in (1, 2, 4, 7):
                setattr(self, {1: "bold", 2: "dim", 4: "underline", 7: "reverse"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code in (24, 27):
                setattr(self, {24: "underline", 27: "reverse"}[code], False)
            elif code in (38, 48) and codes:
                kind = codes.pop(0)
                if kind == 5:
                    colour = indexed(codes.pop(0))
                else:
                    colour, codes = "#%02x%02x%02x" % tuple(codes[:3]), codes[3:]
                setattr(self, "front" if code == 38 else "back", colour)
            elif code in (39, 49):
                setattr(self, "front" if code == 39 else "back", None)
            elif 30 <= code < 38:
                self.front = NAMED[code - 30]
            elif 40 <= code < 48:
                self.back = NAMED[code - 40]
            elif 90 <= code < 98:
                self.front = NAMED[code - 90]

    def colours(self):
        front, back = self.front or TEXT, self.back
        return (back or BACK, front) if self.reverse else (front, back)


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    pen, body, widest = Pen(), [], 0
    for row, line in enumerate(lines):
        column = 0
        for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
            if piece.startswith("\x1b["):
                pen.obey(piece[2:-1])
                continue
            width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in piece)
            if not width:
                continue
            front, back = pen.colours()
            x, y = MARGIN + column * COLUMN, MARGIN + row * LINE
            if back:
                body.append(f'<rect x="{x:.1f}" y="{y}" width="{width * COLUMN:.1f}" height="{LINE}" fill="{back}"/>')
            if piece.strip():
                look = ' font-weight="bold"' if pen.bold else ""
                look += ' opacity="0.6"' if pen.dim else ""
                look += ' text-decoration="underline"' if pen.underline else ""
                body.append(
                    f'<text x="{x:.1f}" y="{y + 13}" fill="{front}"{look} '
                    f'textLength="{width * COLUMN:.1f}">{html.escape(piece)}</text>'
                )
            column += width
        widest = max(widest, column)
    size = f'width="{widest * COLUMN + 2 * MARGIN:.0f}" height="{len(lines) * LINE + 2 * MARGIN}"'
    print(f'<svg xmlns="http://www.w3.org/2000/svg" {size} xml:space="preserve"')
    print(' font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">')
    print(f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>')
    print("\n".join(body))
    print("</svg>")


main()
