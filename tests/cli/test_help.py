"""Help is whole in a terminal of any width, and its examples are commands that parse."""

import shlex

import click
import pytest
from click.testing import CliRunner

from cli.command import CommandGroup, Reported
from cli.main import COMMANDS, EPILOG, SECTIONS, main
from tests.cli.commands import ROOT


def leaves(group: click.Group = main, path: tuple[str, ...] = ()) -> dict[str, click.Command]:
    """``data scenes`` -> its command, of all commands at every level."""
    found = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            found |= leaves(command, (*path, name))
        if not isinstance(command, click.Group) or isinstance(command, Reported):
            found[" ".join((*path, name))] = command
    return found


ALL = leaves()


def parsed(line: str) -> tuple[str, dict[str, object]]:
    """The command that a line names, and what it is given; click refuses a wrong line."""
    words = shlex.split(line)
    assert words.pop(0) == "vqax"
    if words[0] == "-C":  # a folder of the reader's
        del words[:2]
    command: click.Command = main
    path = []
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        following = command.get_command(click.Context(command), words[0])
        if following is None:
            break
        command = following
        path.append(words.pop(0))
    return " ".join(path), command.make_context(path[-1], words).params


def test_sections_hold_every_command_once() -> None:
    names = [name for section in SECTIONS.values() for name in section]
    assert sorted(names) == sorted(COMMANDS)
    wanted = ["Data", "Models", "Explain", "Evaluate", "Compare", "Report", "Pipeline"]
    assert list(SECTIONS) == wanted


def test_help_shows_the_sections_in_order() -> None:
    text = CliRunner().invoke(main, ["--help"]).stdout
    places = [text.index(f"\n{section}:") for section in SECTIONS]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("name", ["", "data", "features", "regions", "edl", "runs"])
def test_no_line_is_cut(name: str, width: int) -> None:
    words = [*name.split(), "--help"]
    result = CliRunner().invoke(main, words, terminal_width=width)
    text = " ".join(result.stdout.split())
    group = main if not name else main.get_command(click.Context(main), name)
    if isinstance(group, CommandGroup):
        for command in group.commands.values():
            sentence = " ".join((command.help or "").partition("\n\n")[0].split())
            assert sentence.rstrip(".") in text
    else:
        assert all(sentence in text for _, sentence in COMMANDS.values())
    assert "..." not in text.replace("[ARGS]...", "")


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_two_examples_that_parse(name: str) -> None:
    command = ALL[name]
    assert len(command.examples) >= 2
    text = CliRunner().invoke(main, [*name.split(), "--help"], terminal_width=40).stdout
    for line in command.examples:
        assert f"\n  {line}\n" in text
        assert parsed(line)[0].startswith(name)


def test_the_examples_of_the_whole_parse() -> None:
    lines = [line.strip() for line in EPILOG.splitlines() if line.startswith("  vqax")]
    assert len(lines) >= 2
    for line in lines:
        rest = line.replace("-C ~/experiments ", "")
        assert parsed(rest)[0] in COMMANDS


def test_a_wrong_example_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        parsed("vqax train mcb --no-such-option")


def test_the_page_of_commands_names_every_command() -> None:
    page = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`vqax {name}" not in page] == []
