#!/usr/bin/env python3
"""Makes the sandbox's table of the Bot API: `bot_api_table.py SPEC.json > src/sandbox/bot_api.tsv`.

The specification is the machine readable Bot API (methods with parameters, types with fields). The table keeps facts
only: names, types, whether they are required, and the limits that can be read from the descriptions.

    *method NAME  RETURNS           starts a method; the rows after it are its parameters
    *type   NAME                    starts an object; the rows after it are its fields
    *union  NAME  A|B               one of several objects
    NAME[!] TYPES [LIMIT]           a parameter or field, `!` where required

TYPES is `A|B`, `[A]` is an array of A. LIMIT is `chars:MIN:MAX`, `bytes:MIN:MAX`, `value:MIN:MAX` or `is:LITERAL`.
"""
import json
import re
import sys

LENGTH = re.compile(r"(\d+)-(\d+) (characters|bytes)")
VALUE = re.compile(r"(?:between|;|,) (\d+)-(\d+)(?: are accepted|\.|$)")
LITERAL = re.compile(r"(?:must be|always) [\"“*_']?([a-z_]+)[\"”*_']?\s*\.?$")
LITERAL_FIELDS = {"type", "source", "status"}


def type_name(name):
    """`Array of Array of X` as `[[X]]`."""
    if name.startswith("Array of "):
        return "[" + type_name(name.removeprefix("Array of ")) + "]"
    return name


def limit(field):
    """The limit that a field's description states, or nothing."""
    text = field["description"]
    if found := LENGTH.search(text):
        kind = "chars" if found[3] == "characters" else "bytes"
        return f"{kind}:{found[1]}:{found[2]}"
    if field["name"] in LITERAL_FIELDS and (found := LITERAL.search(text)):
        return f"is:{found[1]}"
    if field["types"] == ["Integer"] and (found := VALUE.search(text)):
        return f"value:{found[1]}:{found[2]}"
    return None


def rows(fields):
    """One row for each parameter or field."""
    for field in fields:
        cells = [field["name"] + ("!" if field["required"] else ""), "|".join(map(type_name, field["types"]))]
        yield "\t".join(cells + ([found] if (found := limit(field)) else []))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    print(f"# {spec['version']}, made by scripts/bot_api_table.py")
    for method in spec["methods"].values():
        print("*method", method["name"], "|".join(map(type_name, method["returns"])), sep="\t")
        print(*rows(method.get("fields", [])), sep="\n", end="\n" if method.get("fields") else "")
    for kind in spec["types"].values():
        if "subtypes" in kind:
            print("*union", kind["name"], "|".join(map(type_name, kind["subtypes"])), sep="\t")
            continue
        print("*type", kind["name"], sep="\t")
        print(*rows(kind.get("fields", [])), sep="\n", end="\n" if kind.get("fields") else "")


if __name__ == "__main__":
    main()
