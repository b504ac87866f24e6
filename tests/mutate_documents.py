#!/usr/bin/env python3
"""Changes one fact of README.md or docs/ at a time, and counts how many of the changes the tests notice.

usage: mutate_documents.py [--count 50] [--seed 1] [--kinds output,command,...] [--demo FOLDER] TESTS

TESTS is the built test program `pipe`, such as target/debug/deps/pipe-0123456789abcdef: the last line of
`cargo test --workspace --features cuda --test pipe --no-run` names it. Facts are of these kinds, drawn in turns:

output    a number or a name that a command prints
command   a word of a command that is run
manifest  a key, or a name between quotes, of a manifest that is planned; its numbers and titles are examples and no facts
json      a word of an example of an event
name      a word between backquotes
link      the target of a link
number    a number in a sentence or a table; what was measured once is among them, which no test can know

With --demo the project as README.md leaves it is kept in FOLDER. Where it is there already, the documents as they are are not
checked again first.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ["output", "command", "manifest", "json", "name", "link", "number"]
WORD = re.compile(r"[A-Za-z][A-Za-z_]{3,}")
NUMBER = re.compile(r"(?<![\w.:-])\d[\d,]*(?:\.\d+)?(?![\w:-])")
# Keys whose value may be any text, and lines of tables of names.
FREE = re.compile(r"\s*(?:title|licence|source|language|run|outputs|root|low|high)\b|.*\bname = ")
# What may differ from run to run: times, dates, digests, what stands for anything.
VARIES = re.compile(
    r"\d[\d.]* (?:ms|s|min|h)\b|\d{4}-\d\d-\d\d|\d\d:\d\d|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b|\.\.\."
)


def documents(folder):
    return [folder / "README.md", folder / "CONTRIBUTING.md", *sorted((folder / "docs").glob("*.md"))]


def facts(path):
    """All facts of a document: kind, start and end in its text."""
    text = path.read_text()
    found = []
    offset, fence, marked, comment = 0, None, False, False
    for line in text.splitlines(keepends=True):
        start, offset = offset, offset + len(line)
        stripped = line.strip()

        def add(kind, pattern, part=line, at=start, skip=()):
            for match in pattern.finditer(part):
                if not any(s <= match.start() < e for s, e in skip):
                    found.append((kind, at + match.start(), at + match.end()))

        if fence is not None:
            if stripped == "```":
                fence, marked = None, False
            elif marked:
                pass
            elif fence == "console" and line.startswith("$ "):
                part = line[2:].split(" #")[0]
                add("command", WORD, part, start + 2)
            elif fence == "console":
                skip = [match.span() for match in VARIES.finditer(line)]
                add("output", NUMBER, skip=skip)
                add("output", WORD, skip=skip)
            elif fence == "toml":
                part = line.split(" #")[0] if not stripped.startswith("#") else ""
                if not FREE.match(part):
                    add("manifest", WORD, part)
            elif fence == "json":
                add("json", re.compile(r'(?<=[{ ]")[a-z_]{4,}(?=":)'))
            continue
        if stripped.startswith("<!--"):
            comment = True
            marked = marked or "not run:" in line
            # A file that the commands use is held by what they print, a comment to the reader is not.
        if comment:
            comment = "-->" not in line
            continue
        if stripped.startswith("```"):
            fence = stripped[3:]
            continue
        if stripped:
            marked = False
        spans = [match.span() for match in re.finditer(r"`[^`]*`", line)]
        for s, e in spans:
            add("name", WORD, line[s:e], start + s)
        links = [match.span(1) for match in re.finditer(r"\]\(([^)]*)\)", line) if "://" not in match[1]]
        for s, e in links:
            add("link", WORD, line[s:e], start + s)
        add("number", NUMBER, skip=spans + links)
    return [(kind, s, e) for kind, s, e in found]


def changed(word, draw):
    """Another number, or the word with two neighbouring letters exchanged."""
    if word[0].isdigit():
        place = draw.choice([i for i, c in enumerate(word) if c.isdigit()])
        digit = str((int(word[place]) + draw.randrange(1, 10)) % 10)
        return word[:place] + digit + word[place + 1 :]
    places = [i for i in range(1, len(word) - 1) if word[i] != word[i + 1] and "_" not in word[i : i + 2]]
    if not places:
        return word[:-1] + ("x" if word[-1] != "x" else "y")
    place = draw.choice(places)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def run(tests, arguments, environment):
    command = [tests, *arguments, "--test-threads", "2"]
    result = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)
    return result.returncode, result.stdout + result.stderr


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tests")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--demo", type=pathlib.Path)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    kinds = options.kinds.split(",")
    tests = str(pathlib.Path(options.tests).resolve())

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        demo = (options.demo or folder / "demo").resolve()
        is_kept = demo.is_dir()
        code, told = (0, "") if is_kept else run(tests, ["documents::"], {"PIPE_DOCUMENTS_DEMO": str(demo)})
        if code != 0:
            sys.exit(f"the tests fail on the documents as they are:\n{told[-3000:]}")
        pool = {kind: [] for kind in kinds}
        for path in documents(ROOT):
            for kind, start, end in facts(path):
                if kind in pool:
                    pool[kind].append((path.relative_to(ROOT), start, end))
        print("facts:", ", ".join(f"{len(pool[kind])} {kind}" for kind in kinds), flush=True)
        seen = {kind: [0, 0] for kind in kinds}
        for turn in range(options.count):
            kind = kinds[turn % len(kinds)]
            path, start, end = draw.choice(pool[kind])
            copy = folder / "copy"
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(ROOT / "docs", copy / "docs")
            for name in ["README.md", "CONTRIBUTING.md"]:
                shutil.copy(ROOT / name, copy)
            text = (copy / path).read_text()
            other = changed(text[start:end], draw)
            (copy / path).write_text(text[:start] + other + text[end:])
            environment = {"PIPE_DOCUMENTS": str(copy)}
            if kind in ["name", "link", "number"]:
                arguments = ["documents::", "--skip", "commands_and_manifests"]
            else:
                environment |= {"PIPE_DOCUMENTS_ONLY": str(path), "PIPE_DOCUMENTS_DEMO": str(demo)}
                arguments = ["commands_and_manifests"]
            code, _ = run(tests, arguments, environment)
            seen[kind][0] += code != 0
            seen[kind][1] += 1
            line = text.count("\n", 0, start) + 1
            verdict = "found " if code != 0 else "MISSED"
            print(f"{verdict} {kind:8} {path}:{line}: {text[start:end]} -> {other}", flush=True)
        for kind, (found, of) in seen.items():
            print(f"{kind:8} {found} of {of}")
        print(f"{sum(found for found, _ in seen.values())} of {options.count} found")


if __name__ == "__main__":
    main()
