#!/usr/bin/env python3
"""Makes a manual page of each command: what the command takes as the tool's own help tells it, every word from tcpautopsy.1.

Usage: manuals.py TOOL tcpautopsy.1 FOLDER"""
import pathlib
import re
import subprocess
import sys
import textwrap

SINGLE = "Single commands"


def of_tool(tool, *arguments):
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=True).stdout


def commands(tool):
    """Their names, "batch plan" too."""
    lines = of_tool(tool, "help").partition("Commands")[2].partition("\n\n")[0].splitlines()[1:]
    names = [re.match(r"  ((?:batch )?[a-z]+) ", line)[1] for line in lines]
    return [name for name in names if name not in ("help", "version")]


class Help:
    """What `tcpautopsy help COMMAND` tells."""

    def __init__(self, tool, command):
        text = of_tool(tool, "help", *command.split())
        self.command = command
        self.usage = re.match(rf"Usage: tcpautopsy {command} \[OPTION\.\.\.\] (.*)", text)[1]
        self.purpose = re.search(rf"(?m)^{command}: (.*)\.$", text)[1]
        self.options = re.findall(r"(?m)^  (?:-\w \[ )?--([a-z0-9-]+)", text)


class Manual:
    """tcpautopsy.1 in its parts."""

    def __init__(self, text):
        self.date = re.search(r"(?m)^\.Dd (.*)$", text)[1]
        self.sections = {name.strip(): body for name, body in re.findall(r"(?ms)^\.Sh ([^\n]*)\n(.*?)(?=^\.Sh |\Z)", text)}

    def subsections(self, section):
        """(name, introduction, items) each; an item is its line and its lines of text."""
        for name, body in re.findall(r"(?ms)^\.Ss ([^\n]*)\n(.*?)(?=^\.Ss |\Z)", self.sections[section]):
            introduction, _, listed = body.partition(".Bl -tag")
            yield name, introduction, items(listed) if listed else None


def items(listed):
    """Of a list that may have displays, but no lists, in it."""
    return re.findall(r"(?ms)^\.It ([^\n]*)\n(.*?)(?=^\.It |^\.El)", listed)


def meant_for(line):
    """The commands that a line like ".Cm flows , findings :" speaks of, and what it leaves to say; none if it is no such line."""
    found = re.fullmatch(r"\.Cm ([a-z, ]+?)(?: (Fl .*?))? :", line)
    if not found:
        return None, line
    return found[1].split(" , "), f".{found[2]} :" if found[2] else None


def text_for(command, text):
    """(lines of an item that are for the command, whether they name it)."""
    lines, wanted, named = [], True, False
    for line in text.splitlines():
        whose, rest = meant_for(line)
        if whose is not None:
            wanted = command in whose
            named |= wanted
        if wanted and rest is not None:
            lines.append(rest)
    # What followed the command's name begins a sentence now.
    return [lines[0][0].upper() + lines[0][1:], *lines[1:]] if lines else [], named


def options_for(helped, manual):
    """(name, introduction, items) of each subsection, with what the command takes."""
    taken, named_in = [], {}
    for place, (name, introduction, listed) in enumerate(manual.subsections("OPTIONS")):
        own = []
        for head, text in listed or ():
            option = re.search(r"Fl -([a-z0-9-]+)", head)[1]
            lines, named = text_for(helped.command, text)
            if option in helped.options and lines:
                own.append((option, head, lines))
                if named:
                    named_in[option] = place
        taken.append((name, introduction, own, listed is None))
    for place, (name, introduction, own, prose) in enumerate(taken):
        # What is said of the command itself goes before what is said of all.
        kept = [(head, lines) for option, head, lines in own if named_in.get(option, place) == place]
        if kept or prose:
            yield name, introduction, kept


def synopsis(usage):
    """The macros of what stands after the options: "--at TIME|--watch SECONDS FILE..."."""
    words = []
    for word in re.findall(r"\[[^\]]*\]|--?[a-z-]+|\||[A-Z]+(?:\.\.\.)?", usage):
        if word.startswith("["):
            words.append(f".Op Ar {word.strip('[].')} ...")
        elif word.startswith("-"):
            words.append(f".Fl {word[1:]}")
        elif word == "|":
            words.append("|")
        elif word.endswith("..."):
            words.append(f".Ar {word.lower().rstrip('.')} ...")
        else:
            words.append(f".Ar {word}")
    return words


def about(helped, manual):
    """The text of the command in COMMANDS, and what is said of files in general."""
    lines = next(text for head, text in items(manual.sections["COMMANDS"])
                 if re.match(rf"Cm {helped.command}(?! [a-z])", head)).splitlines()
    if "FILE..." in helped.usage:
        lines += [".Pp", ".Ar file", *manual.sections["DESCRIPTION"].partition(".Pp\n.Ar file\n")[2].splitlines()]
    return lines


def examples(helped, manual):
    """Each that runs the command."""
    blocks = re.findall(r"(?ms)^((?:(?!\.Dl)[^\n]+\n)+)\.Pp\n((?:\.Dl [^\n]*\n)+)", manual.sections["EXAMPLES"])
    shown = [f"{said}.Pp\n{run}" for said, run in blocks if re.search(rf"\$ tcpautopsy {helped.command}(?: -| [^ ]*\.pcap| [a-z_]+$)", run, re.M)]
    return ".Pp\n".join(block.removeprefix(".Pp\n") for block in shown).splitlines()


def folded(lines):
    """Long lines of text as several, outside of displays."""
    display = False
    for line in lines:
        display = line.startswith(".Bd") or (display and not line.startswith(".Ed"))
        if display or line.startswith(".") or len(line) <= 80:
            yield line
        else:
            for part in textwrap.wrap(line, 80, break_long_words=False, break_on_hyphens=False):
                yield rf"\&{part}" if part.startswith((".", "'")) else part


def listing(kept):
    return [".Bl -tag -width indent", *(line for head, text in kept for line in (f".It {head}", *text)), ".El"]


def option_lines(helped, manual):
    takes_time = False
    for name, introduction, kept in sorted(options_for(helped, manual), key=lambda one: one[0] != SINGLE):
        takes_time |= any(re.search(r"Ar (TIME|SECONDS)", head) for head, _ in kept)
        if not kept and not (name == "Times" and takes_time):
            continue
        yield from (f".Ss {'This command' if name == SINGLE else name}", *introduction.splitlines(), *(listing(kept) if kept else ()))


def exit_status(helped, manual):
    listed = [(head, text.splitlines()) for head, text in items(manual.sections["EXIT STATUS"])]
    return [".Bl -tag -width 3", *listing([one for one in listed if one[0] != "3" or "fail-on" in helped.options])[1:]]


def page(helped, manual):
    name = f"tcpautopsy-{helped.command.replace(' ', '-')}"
    lines = [f".Dd {manual.date}", f".Dt {name.upper()} 1", ".Os", ".Sh NAME", f".Nm {name}", f".Nd {helped.purpose}", ".Sh SYNOPSIS",
             f".Nm tcpautopsy Cm {helped.command}", ".Op Ar option ...", *synopsis(helped.usage), ".Sh DESCRIPTION", *about(helped, manual),
             ".Sh OPTIONS", *option_lines(helped, manual)]
    if "config" in helped.options:
        lines += [".Sh FILES", *manual.sections["FILES"].splitlines()]
    lines += [".Sh EXIT STATUS", *exit_status(helped, manual)]
    if shown := examples(helped, manual):
        lines += [".Sh EXAMPLES", *shown]
    return name, "\n".join(folded([*lines, ".Sh SEE ALSO", ".Xr tcpautopsy 1"])) + "\n"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    tool, source, folder = sys.argv[1:]
    manual = Manual(pathlib.Path(source).read_text(encoding="utf-8"))
    for command in commands(tool):
        name, text = page(Help(tool, command), manual)
        pathlib.Path(folder, f"{name}.1").write_text(text, encoding="utf-8")


main()
