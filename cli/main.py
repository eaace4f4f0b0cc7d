"""The ``vqax`` command: groups are imported only when they are used."""

from difflib import get_close_matches
from importlib import import_module

import click

from cli.common import CommandGroup

COMMANDS = {
    "train": ("cli.runs", "Train one run of params.yaml."),
    "explain": ("cli.runs", "Predict, with uncertainty, and export the maps of one run."),
    "predict": ("cli.predict", "Answer every question of a split, for the evaluation server."),
    "score": ("cli.score", "Score a run, or a file of predictions in the official format."),
    "align": ("cli.align", "Score anybody's maps against anybody's human maps."),
    "faithfulness": ("cli.faithfulness", "Measure whether maps show what moves the answer."),
    "analyse": ("cli.runs", "Make one analysis of trained runs."),
    "compare": ("cli.compare", "Compare the runs of a study, or trainings of your own."),
    "table": ("cli.results", "Show a table as Markdown, CSV or LaTeX."),
    "claims": ("cli.results", "Test the claims of the papers."),
    "report": ("cli.results", "Write the HTML report."),
    "browse": ("cli.results", "Write a page to explore all test questions of a study."),
    "check": ("cli.results", "Compare the metrics with their committed tolerances."),
    "repro": ("cli.pipeline", "Bring every stage up to date."),
    "pipeline": ("cli.pipeline", "Write what dvc.yaml says of imports and settings."),
    "code": ("cli.pipeline", "Say which code a stage runs, for dvc.yaml."),
    "runs": ("cli.pipeline", "List the runs of params.yaml."),
    "doctor": ("cli.pipeline", "Say what this installation can do, and what is missing."),
    "edl": ("cli.edl", "Train evidential classifiers of images, and evaluate them."),
    "data": ("cli.data", "Generate, check and describe data sets."),
    "features": ("cli.features", "Extract grid features and look into their files."),
    "regions": ("cli.regions", "Detect regions and write their features."),
    "key-objects": ("cli.regions", "Find the regions that questions and answers speak of."),
}


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
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vqax")
def main() -> None:
    """Where does a VQA model look, how sure is it, and does it agree with human attention?"""
