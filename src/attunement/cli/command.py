"""The command `attune` and its verbs."""

from __future__ import annotations

import sys
from importlib.metadata import version

import click

from attunement.cli.annotate import annotate
from attunement.cli.audit import audit
from attunement.cli.codebook import codebook
from attunement.cli.forget import forget
from attunement.cli.label import label
from attunement.cli.mask import mask
from attunement.cli.plan import plan_studies
from attunement.cli.read import read
from attunement.cli.report import report
from attunement.cli.sources import sources
from attunement.cli.theory import theory
from attunement.cli.train import train
from attunement.errors import AttunementError

VERBS: dict[str, click.Command] = {
    "audit": audit,
    "read": read,
    "report": report,
    "sources": sources,
    "annotate": annotate,
    "codebook": codebook,
    "train": train,
    "label": label,
    "theory": theory,
    "plan": plan_studies,
    "mask": mask,
    "forget": forget,
}
"""Every verb, in the order in which people meet them."""


class _InOrder(click.Group):
    """A group that lists its verbs in the order in which people meet them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature of click
        return list(self.commands)


@click.group(cls=_InOrder, commands=VERBS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("attunement"), prog_name="attune")
def attune() -> None:
    """Find out whether an AI supports or exploits the people who keep talking with it.

    Everything runs on this machine. Nothing is sent anywhere, unless you name a language model to ask.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with 0 (done), 1 (a check failed), 2 (bad input) or 3 (an outside service failed)."""
    try:
        attune.main(args=arguments, prog_name="attune", standalone_mode=False)
    except AttunementError as fault:
        click.echo(f"{type(fault).__name__}: {fault}", err=True)
        sys.exit(fault.exit_code)
    except click.exceptions.Abort:
        click.echo("stopped; nothing that was under way is kept, what was finished before is", err=True)
        sys.exit(130)
    except click.ClickException as fault:
        fault.show()
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
