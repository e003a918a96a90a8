"""The command line: parse, one call, print. One file per command group, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from curate.errors import CurateError, Exit

_INTERRUPTED = 130
"""What shells give for Ctrl-C: 128 and the number of the signal."""
_COMMANDS = {
    "init": "workspace",
    "new": "workspace",
    "status": "workspace",
    "schema": "workspace",
    "collect": "stages",
    "classify": "classify",
    "review": "review",
    "dedupe": "dedupe",
    "rights": "rights",
    "package": "stages",
    "search": "search",
    "index": "search",
    "why": "explain",
    "verify": "explain",
    "key": "key",
    "diff": "versions",
    "yank": "versions",
    "update": "versions",
    "listing": "listing",
    "export": "export",
    "publish": "publish",
    "shop": "shop",
    "orders": "orders",
    "stock": "stock",
    "outbox": "outbox",
    "tickets": "tickets",
    "ledger": "ledger",
    "costs": "costs",
    "affiliates": "affiliates",
    "payouts": "payouts",
    "contacts": "contacts",
    "campaigns": "campaigns",
    "journey": "journey",
    "privacy": "privacy",
    "report": "report",
    "serve": "serve",
    "ui": "serve",
}
_HELP = {
    "init": "Make a workspace.",
    "new": "Write a new collection.toml.",
    "status": "Show where every collection stands.",
    "schema": "Write the JSON Schemas of the configuration files.",
    "collect": "Bring in what the sources hold.",
    "classify": "Read, compare, sort and judge what was collected.",
    "review": "Say where things belong that no category is sure enough for.",
    "dedupe": "Show what is the same as what, and say which one stays.",
    "rights": "Show and decide what may be packaged, and why.",
    "package": "Build the next version of a bundle.",
    "search": "Find something in the library.",
    "index": "Bring the search index up to date.",
    "why": "Explain where a resource came from and what was decided about it.",
    "verify": "Check a bundle, or the library itself.",
    "key": "Make or show the key that your bundles are signed with.",
    "diff": "Show what changed between two versions of a bundle.",
    "yank": "Take a release off sale, with a reason.",
    "update": "Bring an unpacked bundle to a newer version.",
    "listing": "Check the texts and pictures of a listing by a platform's rules.",
    "export": "Write what a shop or a card machine imports.",
    "publish": "Put releases where buyers get them, and see that they stay there.",
    "shop": "Set up what is sold, and see how it goes.",
    "orders": "Take in orders, serve them, give money back.",
    "stock": "Fill up and show the codes that are sold one by one.",
    "outbox": "Send what buyers are to get, and note that they got it.",
    "tickets": "Answer what buyers ask.",
    "ledger": "See what happened to money, close months, and check that it adds up.",
    "costs": "Take in what was spent.",
    "affiliates": "Keep who sells for a share: codes, coupons, links, what they earned.",
    "payouts": "Pay affiliates what is due, each commission once.",
    "contacts": "Keep the people you know, what they agreed to, and how far they came.",
    "campaigns": "Tell apart by what people come, and what came of it.",
    "journey": "Write to contacts who agreed to it, by plans.",
    "privacy": "See what is kept of people, give them a copy, forget them.",
    "report": "Show what was sold, what it cost and what came of it.",
    "serve": "Run the download server for buyers.",
    "ui": "Open the seller's local page.",
}


class _Group(click.Group):
    """Lists every command without importing any; catches what the user can act on."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"curate.cli.{_COMMANDS[name]}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as fault:
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, 1)
            if near:
                raise click.UsageError(f"{fault.message} Did you mean '{near[0]}'?", ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # Not from the commands themselves: --help must not import them all.
        with formatter.section("Commands"):
            formatter.write_dl(list(_HELP.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CurateError as fault:
            _tell(fault)
            if isinstance(fault.__cause__, OSError):
                _give_up_output()
            ctx.exit(Exit.PROBLEMS)
        except BrokenPipeError:
            _give_up_output()  # the reader (head, less) has seen enough
            ctx.exit(Exit.OK)
        except OSError as fault:
            from curate.workspace import unusable

            _tell(unusable(fault))
            _give_up_output()
            ctx.exit(Exit.PROBLEMS)
        except KeyboardInterrupt:
            click.echo(
                "Stopped. What was finished is kept: run the command again to go on.", err=True
            )
            ctx.exit(_INTERRUPTED)


def _give_up_output() -> None:
    """What could not be written would be tried once more by Python at the end, with a traceback."""
    import os
    import sys

    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(fault: CurateError) -> None:
    from curate.cli.options import echo

    for line in f"Error: {fault.message}".splitlines():
        echo(line, err=True)
    if fault.hint:
        echo(f"Hint: {fault.hint}", err=True)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: curate init shop && cd shop && curate new guides --folder ~/guides --own 'Your Name'",
)
@click.version_option(package_name="curate-materials", prog_name="curate")
def main() -> None:
    """Curate your own and licensed digital materials: gather them, sort them, find them again, and build
    versioned bundles that hold nothing you may not sell.
    """
