"""The program `pipe`: where it is, and calls that answer in JSON."""

import json
import os
import shutil
import subprocess
import sysconfig


class PipeError(Exception):
    """What `pipe` reported: its sentence, the code that `pipe explain` takes, and what to do."""

    def __init__(self, message, code=None, help=None, exit_code=None):
        super().__init__(message if help is None else f"{message}\n{help}")
        self.message = message
        self.code = code
        self.help = help
        self.exit_code = exit_code


def program():
    """The path of `pipe`: what the environment variable PIPE names, the one of this Python environment, or the first in
    PATH.
    """
    named = os.environ.get("PIPE")
    if named:
        return named
    own = os.path.join(sysconfig.get_path("scripts"), "pipe")
    found = own if os.access(own, os.X_OK) else shutil.which("pipe")
    if found is None:
        raise PipeError(
            "the program `pipe` was not found",
            help="install this package from its wheel, which contains it, or name it in the environment variable PIPE",
        )
    return found


def call(*arguments, project=".", allowed=(0,)):
    """Calls `pipe ARGUMENTS --json` in the folder `project`, and gives the objects that it prints, one a line.

    An exit code that is not `allowed` is a PipeError with the error that it printed.
    """
    command = [program(), *map(os.fspath, arguments), "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    if done.returncode in allowed:
        return lines
    for line in reversed(lines):
        if line.get("event") == "error":
            message = "\n".join([line["message"], *map(_with_place, line["errors"])])
            raise PipeError(message, line["code"], line["help"], done.returncode)
        if line.get("event") == "step_failed":
            raise PipeError(f"{line['step']}: {line['error']}", exit_code=done.returncode)
    said = done.stderr.decode(errors="replace").strip()
    raise PipeError(said or f"pipe ended with {done.returncode}", exit_code=done.returncode)


def _with_place(error):
    """One of several errors, such as those of a manifest: where, what, and what to do."""
    place = ":".join(str(error[part]) for part in ("file", "line", "column") if error[part] is not None)
    parts = (place, error["message"], error["help"])
    return ": ".join(part for part in parts if part)
