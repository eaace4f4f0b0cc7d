"""The ``vqax`` command: groups are imported only when they are used."""

from difflib import get_close_matches
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from cli.command import CommandGroup
from cli.options import folder_option

SECTIONS = {
    "Data": {
        "data": ("cli.data", "Generate, check and describe data sets."),
        "features": ("cli.features", "Extract grid features, and look into a feature file."),
        "regions": ("cli.regions", "Detect regions and write their features."),
        "key-objects": ("cli.regions", "Find the regions that questions and answers speak of."),
    },
    "Models": {
        "runs": ("cli.listing", "List the runs: data, model, objective, status, main score."),
        "train": ("cli.runs", "Train one run of params.yaml."),
        "edl": ("cli.edl", "Train evidential classifiers of images, and evaluate them."),
    },
    "Explain": {
        "explain": ("cli.runs", "Answer, with uncertainty, and show where a model looks."),
        "predict": ("cli.predict", "Answer every question of a split, for the evaluation server."),
        "methods": ("cli.listing", "List the explainers: what each needs, and its source."),
    },
    "Evaluate": {
        "score": ("cli.score", "Score a run, or a file of predictions in the official format."),
        "align": ("cli.align", "Score anybody's maps against anybody's human maps."),
        "faithfulness": ("cli.faithfulness", "Measure whether maps show what moves the answer."),
        "analyse": ("cli.runs", "Make one analysis of trained runs."),
        "metrics": ("cli.listing", "List the metrics: unit, direction, and source."),
    },
    "Compare": {
        "compare": ("cli.compare", "Compare the runs of a study, or trainings of your own."),
        "claims": ("cli.results", "Test the claims of the papers."),
        "check-floors": ("cli.results", "Say where a model beats what answers without looking."),
        "replication": ("cli.results", "Compare a study with itself, trained with other seeds."),
        "check": ("cli.results", "Compare the metrics with their committed tolerances."),
    },
    "Report": {
        "table": ("cli.table", "Show a table, or write it as Markdown, CSV or LaTeX."),
        "report": ("cli.results", "Write the HTML report."),
        "browse": ("cli.results", "Write a page to explore all test questions of a study."),
        "findings": ("cli.results", "Write the verdicts of all papers into the front page."),
    },
    "Pipeline": {
        "init": ("cli.pipeline", "Write a project folder that reproduces the papers."),
        "repro": ("cli.pipeline", "Bring every stage up to date."),
        "doctor": ("cli.pipeline", "Say what this installation can do, and what is missing."),
        "pipeline": ("cli.pipeline", "Write what dvc.yaml says of imports and settings."),
        "code": ("cli.pipeline", "Say which code a stage runs, for dvc.yaml."),
    },
}
"""Section of the help -> command -> the module it is in, and what it does."""

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}

EPILOG = """\b
Examples:
  vqax repro report_headline --jobs 2
  vqax -C ~/experiments table ucam/II --study ucam

`vqax COMMAND --help` has examples of each. Names are completed in bash and zsh:
docs/command_line.md says how.
"""


class LazyGroup(CommandGroup):
    """Help is shown from the table above; a command's module is imported when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        return getattr(import_module(module), cmd_name.replace("-", "_"))

    def named_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """click looks for near names among the commands it holds; here they are in the table."""
        try:
            return super().named_command(ctx, args)
        except click.UsageError as error:
            near = self._in_groups(ctx, args[0]) or get_close_matches(args[0], COMMANDS)
            if near:
                error.message += f" Did you mean {' or '.join(near)}?"
            raise

    def _in_groups(self, ctx: click.Context, name: str) -> list[str]:
        """The commands of groups that bear this name: ``data list`` for ``list``."""
        commands = {group: self.get_command(ctx, group) for group in COMMANDS}
        return [
            f"{group} {name}"
            for group, command in commands.items()
            if isinstance(command, click.Group) and name in command.commands
        ]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        longest = max(map(len, COMMANDS))
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(
                    [(name.ljust(longest), text) for name, (_, text) in commands.items()]
                )

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands from the table; no module is imported for them."""
        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]


@click.command(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG
)
@click.version_option(package_name="vqax")
@folder_option
def main() -> None:
    """Where does a VQA model look, how sure is it, and does that agree with human attention?"""
