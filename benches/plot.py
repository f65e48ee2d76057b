#!/usr/bin/env python3
"""Draws the comparison with other libraries, and writes its table into the README: `plot.py benches/fib.csv`.

The figures are what `benches/peers` writes with `--csv FILE`. The picture is `fib.svg` beside this script; the table
takes the place of what stands between the two marks in README.md.
"""
import argparse
import csv
import math
import pathlib
from xml.sax.saxutils import escape

HERE = pathlib.Path(__file__).resolve().parent
MARKS = "<!-- peers: written by benches/plot.py -->\n", "<!-- /peers -->\n"

# The picture and the part of it that the axes span, in pixels.
WIDTH, HEIGHT = 940, 600
LEFT, RIGHT, TOP, BOTTOM = 84, 708, 84, 524
LINE_GAP = 19
# Ours in one strong colour; what is compared with it in calmer ones that also differ in lightness.
OURS = "#c2410c"
COLOURS = {
    "GMP": "#1d4ed8",
    "FLINT": "#0284c7",
    "malachite": "#047857",
    "dashu": "#7c3aed",
    "num-bigint": "#64748b",
}
OTHER = "#334155"
INK, FAINT, GRID, GROUND = "#1e293b", "#64748b", "#e2e8f0", "#ffffff"
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def read(path):
    """The notes at a file's head by name, and its rows as dictionaries."""
    with open(path, encoding="utf-8", newline="") as file:
        lines = file.read().splitlines()
    notes = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    for row in rows:
        row["n"], row["threads"], row["median_s"] = int(row["n"]), int(row["threads"]), float(row["median_s"])
        row["name"] = row["library"] + (f", {row['threads']} threads" if row["threads"] > 1 else "")
    return notes, rows


def grouped(rows):
    """The rows of each name by n, in the order of the file's first whole processes, which are all there is."""
    first = min((row["n"] for row in rows if row["kind"] == "process"), default=rows[0]["n"])
    names = [row["name"] for row in rows if row["n"] == first]
    return {name: {row["n"]: row for row in rows if row["name"] == name} for name in names}


def power(value):
    """10⁵ for 100000."""
    return "10" + str(round(math.log10(value))).translate(SUPERSCRIPTS)


def seconds(value):
    """A time with three digits and a unit: `1.23 ms`."""
    for factor, unit in ((1e6, "µs"), (1e3, "ms"), (1, "s")):
        if value * factor < 999.5 or unit == "s":
            value *= factor
            return f"{value:.{max(0, 2 - math.floor(math.log10(round_to(value, 3))))}f} {unit}"


def round_to(value, digits):
    """The value rounded to so many digits, so that 9.996 counts as 10.0."""
    return float(f"{value:.{digits}g}")


def tick(decade):
    """A decade of seconds as the axis names it."""
    if decade >= 0:
        return f"{10**decade} s"
    index = (decade + 9) // 3
    return f"{10 ** (decade + 9 - 3 * index)} {('ns', 'µs', 'ms')[index]}"


class Axes:
    """Where a number and its seconds stand in the picture."""

    def __init__(self, rows):
        ns, times = [row["n"] for row in rows], [row["median_s"] for row in rows]
        self.x0, self.x1 = math.floor(math.log10(min(ns))), math.ceil(math.log10(max(ns)))
        self.y0, self.y1 = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)))

    def x(self, n):
        return LEFT + (math.log10(n) - self.x0) / (self.x1 - self.x0) * (RIGHT - LEFT)

    def y(self, time):
        return BOTTOM - (math.log10(time) - self.y0) / (self.y1 - self.y0) * (BOTTOM - TOP)


def text(x, y, words, size=13, anchor="start", fill=INK, more=""):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{more}>'
        f"{escape(words)}</text>"
    )


def line(x1, y1, x2, y2, stroke=GRID, more=""):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}"{more}/>'


def frame(axes, notes, within):
    """Title, grid and axes."""
    yield text(LEFT, 34, "A Fibonacci number and its decimal digits: time by n", 20, more=' font-weight="600"')
    yield text(LEFT, 57, f"{notes.get('machine', '')}; {notes.get('date', '')}. Lower is faster.", 13, fill=FAINT)
    for decade in range(axes.y0, axes.y1 + 1):
        y = axes.y(10.0**decade)
        yield line(LEFT, y, RIGHT, y)
        yield text(LEFT - 10, y + 4.5, tick(decade), anchor="end")
    for decade in range(axes.x0, axes.x1 + 1):
        x = axes.x(10.0**decade)
        yield line(x, TOP, x, BOTTOM)
        yield text(x, BOTTOM + 22, power(10**decade), 14, anchor="middle")
    yield line(LEFT, BOTTOM, RIGHT, BOTTOM, FAINT)
    yield line(LEFT, TOP, LEFT, BOTTOM, FAINT)
    yield text((LEFT + RIGHT) / 2, BOTTOM + 50, "n: which number, counted from the 1st = 0", anchor="middle")
    middle = (TOP + BOTTOM) / 2
    yield text(22, middle, "median time", anchor="middle", more=f' transform="rotate(-90 22 {middle:.1f})"')
    if within:
        # Half a decade above the last number that is computed in the process.
        x = axes.x(max(within) * math.sqrt(10))
        yield line(x, TOP, x, BOTTOM, FAINT, ' stroke-dasharray="2 4"')
        yield text(x - 8, BOTTOM - 10, "calls in one process", 12, "end", FAINT)
        yield text(x + 8, BOTTOM - 10, "whole processes", 12, "start", FAINT)


def style(name):
    """Colour, width and dashes of a line."""
    if name.startswith("Jobboard"):
        return OURS, 3.2, ' stroke-dasharray="7 4"' if "threads" in name else ""
    return COLOURS.get(name, OTHER), 1.8, ""


def curve(axes, name, rows):
    """A line with a dot for each measured number."""
    colour, width, dashes = style(name)
    points = [(axes.x(n), axes.y(row["median_s"])) for n, row in sorted(rows.items())]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" '
        f'stroke-linejoin="round" stroke-linecap="round"{dashes}/>'
    )
    for x, y in points:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width + 0.7:.1f}" fill="{colour}"/>'


def spread(wanted):
    """Heights at least a line apart, as near as can be to those wanted, which are in order."""
    blocks = []
    for height in wanted:
        blocks.append([[height], height])
        # Neighbours that would overlap become one block around the middle of what they want.
        while len(blocks) > 1 and top(blocks[-1]) < bottom(blocks[-2]) + LINE_GAP:
            heights = blocks[-2][0] + blocks[-1][0]
            blocks[-2:] = [[heights, sum(heights) / len(heights)]]
    return [top(block) + LINE_GAP * i for block in blocks for i in range(len(block[0]))]


def top(block):
    return block[1] - LINE_GAP * (len(block[0]) - 1) / 2


def bottom(block):
    return block[1] + LINE_GAP * (len(block[0]) - 1) / 2


def labels(axes, curves):
    """A name and the last time at each line's end, with a thin line to it where it had to move."""
    ends = []
    for name, rows in curves.items():
        n, row = max(rows.items())
        ends.append((axes.y(row["median_s"]), axes.x(n), name, row["median_s"]))
    ends.sort()
    for (y, x, name, time), at in zip(ends, spread([end[0] for end in ends])):
        colour, width, _ = style(name)
        yield line(x + width + 3, y, RIGHT + 26, at, colour, ' stroke-width="1" opacity="0.55"')
        weight = ' font-weight="600"' if colour == OURS else ""
        yield text(RIGHT + 31, at + 4.5, f"{name}  {seconds(time)}", 13, fill=colour, more=weight)


def picture(notes, rows):
    """The whole SVG."""
    axes, curves = Axes(rows), grouped(rows)
    within = {row["n"] for row in rows if row["kind"] == "within"}
    # Ours last: over the others.
    drawn = sorted(curves, key=lambda name: name.startswith("Jobboard"))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="-apple-system, \'Segoe UI\', \'Liberation Sans\', Helvetica, Arial, sans-serif">',
        "<title>Time for a Fibonacci number and its decimal digits, by library</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="{GROUND}"/>',
        *frame(axes, notes, within),
        *(part for name in drawn for part in curve(axes, name, curves[name])),
        *labels(axes, curves),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def cell(row):
    """A median and its ratio to GMP."""
    if row is None:
        return ""
    ratio = "" if row["library"] == "GMP" else f" ({float(row['to_gmp']):.2f})"
    return seconds(row["median_s"]) + ratio


def table(notes, rows):
    """The README's part: the table, and what it was measured on."""
    curves, ns = grouped(rows), sorted({row["n"] for row in rows})
    yield "| n | " + " | ".join(map(power, ns)) + f" | Memory at {power(ns[-1])} |"
    yield "|---" * (len(ns) + 2) + "|"
    for name, by_n in curves.items():
        memory = by_n[ns[-1]]["memory_bytes"] if ns[-1] in by_n else ""
        cells = [cell(by_n.get(n)) for n in ns] + [f"{int(memory) / 1e6:.0f} MB" if memory else ""]
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield ""
    yield f"{notes.get('machine', '')}; {notes.get('date', '')}; {notes.get('versions', '')}."
    pairs = [(row["n"], row["to_one_thread"]) for row in rows if row["to_one_thread"]]
    if pairs:
        shares = ", ".join(f"{float(ratio):.2f} at {power(n)}" for n, ratio in pairs)
        yield f"Two threads take, of one thread's time: {shares}."


def write_table(readme, notes, rows):
    """Puts the table between the marks."""
    begin, end = MARKS
    before, _, rest = readme.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{readme} has no place for the table: {begin.strip()} … {end.strip()}")
    readme.write_text(before + begin + "\n".join(table(notes, rows)) + "\n" + end + after, encoding="utf-8")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("figures", type=pathlib.Path)
    arguments.add_argument("--svg", type=pathlib.Path, default=HERE / "fib.svg")
    arguments.add_argument("--readme", type=pathlib.Path, default=HERE.parent / "README.md")
    given = arguments.parse_args()
    notes, rows = read(given.figures)
    given.svg.write_text(picture(notes, rows), encoding="utf-8")
    write_table(given.readme, notes, rows)


if __name__ == "__main__":
    main()
