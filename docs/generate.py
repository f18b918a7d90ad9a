"""Writes the pages of docs/reference from the code, or with --check says which of them are stale.

python docs/generate.py
python docs/generate.py --check
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pyarrow as pa

from attunement import vocabulary
from attunement.annotation import known_faults
from attunement.annotation.heads import shipped_card
from attunement.cli import attune
from attunement.codebook import load
from attunement.panels.usage import MEASURES
from attunement.sources import FORMATS
from attunement.vocabulary import Missing, Rung

DOCS = Path(__file__).resolve().parent
NOTE = "<!-- written by docs/generate.py; edit the code instead -->\n\n"


def command_line() -> str:
    """The help of every verb."""
    pages = ["# Command line\n"]
    context = click.Context(attune, info_name="attune")
    pages.append(f"```text\n{attune.get_help(context)}\n```\n")
    for name in attune.list_commands(context):
        command = attune.get_command(context, name)
        help_text = command.get_help(click.Context(command, info_name=f"attune {name}")) if command else ""
        pages.append(f"## attune {name}\n\n```text\n{help_text}\n```\n")
    pages.append("Exit status: 0 done, 1 a check failed, 2 bad input, 3 a service outside this machine failed.\n")
    return "\n".join(pages)


def glossary() -> str:
    """The words: tables, reasons, rungs."""
    pages = ["# The words\n"]
    for name in (
        "MESSAGES",
        "TURNS",
        "EVENTS",
        "NOTICES",
        "ANNOTATIONS",
        "LABELS",
        "FLAGS",
        "TO_READ",
        "STYLES",
        "MODEL_CHANGES",
        "SESSIONS",
        "PANEL",
        "RELATIONSHIPS",
    ):
        schema: pa.Schema = getattr(vocabulary, name)
        pages.append(f"## {name}\n\n| column | type | meaning | a null means |\n|---|---|---|---|")
        for field in schema:
            meaning = field.metadata[b"meaning"].decode()
            null = field.metadata.get(b"null", b"").decode() or "(never null)"
            pages.append(f"| `{field.name}` | {_kind(field.type)} | {meaning} | {null} |")
        pages.append("")
    pages.append("## Missing\n\nWhy a value is not there.\n\n| reason | in words |\n|---|---|")
    pages += [f"| `{reason.value}` | {reason.sentence} |" for reason in Missing]
    pages.append("\n## Rungs\n\nHow far a number may be trusted to speak of causes, from the lowest.\n")
    pages += [f"- *{rung.value}*" for rung in Rung]
    pages.append("\n## Measures of use\n\n| measure | meaning |\n|---|---|")
    pages += [f"| `{name}` | {meaning} |" for name, meaning in MEASURES.items()]
    pages.append("\n`rate.<construct>`: signs of a construct in 100 readable messages of its side.\n")
    return "\n".join(pages)


def _kind(kind: pa.DataType) -> str:
    return "word" if pa.types.is_dictionary(kind) else str(kind).replace("timestamp[us, tz=UTC]", "time (UTC)")


def sources() -> str:
    """The forms of export."""
    pages = [
        "# Forms that can be read\n",
        "| form | what it is | how to get it | what is inferred |",
        "|---|---|---|---|",
    ]
    for form in FORMATS.values():
        if form.part == "messages":
            pages.append(f"| `{form.key}` | {form.title} | {form.notes} | {'; '.join(form.inferred)} |")
    pages.append("\nAny other table or nested JSON: see [the how-to on other forms](../how-to/other-forms.md).\n")
    return "\n".join(pages)


def codebook() -> str:
    """The constructs: a card for each."""
    card = shipped_card()
    n_drafts = sum(construct.draft for construct in load())
    about = (
        f"{len(load())} constructs. {n_drafts} are drafts: no labels by people stand behind them, however well they agree"
        f" with exemplars or with a language model. Accuracy is that of the heads that ship (version {card['version']}),"
        " each text scored without its scene, conversation, writer or scenario.\n"
    )
    pages = ["# Codebook\n", about]
    for construct in load():
        draft = " (draft)" if construct.draft else ""
        pages.append(f"## {construct.key}: {construct.name}{draft}\n\n{construct.definition}\n")
        pages += [f"- counts: {case}" for case in construct.counts]
        pages += [f"- does not: {case}" for case in construct.does_not]
        need = f"{construct.need} ({construct.sign})" if construct.need else "none"
        pages.append(
            f"\nSide: {construct.side}. Unit: {construct.unit}. Need: {need}."
            f" Dilemma: {construct.dilemma or 'none'}. Source: {construct.source}. Version {construct.version}.\n"
        )
        pages += _accuracy(card["accuracy"].get(construct.key, []), unit=construct.unit)
        faults = known_faults()["heads"].get(construct.key, ())
        if faults:
            pages.append("Known to go wrong:\n")
            pages += [f"- {fault}" for fault in faults]
            pages.append("")
    return "\n".join(pages)


def _accuracy(rows: list[dict], *, unit: str) -> list[str]:
    if unit not in {"turn", "exchange"}:
        return ["Worked out over a relationship from what single turns show; no annotator reads it.\n"]
    if not rows:
        return ["No head has been trained for it.\n"]
    lines = [
        "| population | positive of n | AUROC | average precision | calibration error | kappa at .5 |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        place = row["population"] if row["register"] == "all" else f"{row['population']}, {row['register']}"
        figures = [
            _with_interval(row[name], row[f"{name}_interval"])
            for name in ("auroc", "average_precision", "calibration_error", "kappa")
        ]
        lines.append(f"| {place} | {row['n_positive']} of {row['n']} | {' | '.join(figures)} |")
    return [*lines, ""]


def _with_interval(value: float | None, ends: list[float] | None) -> str:
    if value is None:
        return "not known"
    return f"{value:.2f}" if ends is None else f"{value:.2f} ({ends[0]:.2f} to {ends[1]:.2f})"


def benchmarks() -> str:
    """The figures that the kept results of benchmarks hold."""
    results = {
        path: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(DOCS.parent.glob("benchmarks/*/results/*.json"))
    }
    pages = [
        "# Measured figures\n",
        "Each is the kept result of the script of the same name; run it to measure anew.\n",
    ]
    for path, kept in results.items():
        about = kept.get("about", {})
        script = path.relative_to(DOCS.parent).as_posix().replace("/results", "").replace(".json", ".py")
        pages.append(f"## {script}\n\n{about.get('question', '')}\n")
        body = kept.get("results", kept)
        if "mean_auroc" in body:
            pages += _kinds_beside_each_other(body)
        else:
            pages.append(f"```json\n{json.dumps(body, indent=1)[:6000]}\n```\n")
    return "\n".join(pages)


def _kinds_beside_each_other(body: dict) -> list[str]:
    """AUROC of each construct, a column for each kind of features, a table for each population."""
    pages = []
    for population, rows in body["auroc"].items():
        kinds = list(body["mean_auroc"][population])
        pages.append(f"AUROC on {population}:\n\n| construct | {' | '.join(kinds)} |\n|{'---|' * (len(kinds) + 1)}")
        with_mean = {**rows, "mean": body["mean_auroc"][population]}
        pages += [f"| {key} | {' | '.join(f'{row[kind]:.3f}' for kind in kinds)} |" for key, row in with_mean.items()]
        pages.append("")
    return pages


PAGES = {
    "command-line.md": command_line,
    "glossary.md": glossary,
    "sources.md": sources,
    "codebook.md": codebook,
    "benchmarks.md": benchmarks,
}


def main() -> int:
    stale = []
    for name, make in PAGES.items():
        path = DOCS / "reference" / name
        text = NOTE + make().rstrip() + "\n"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print(("stale: " if "--check" in sys.argv else "written: ") + (", ".join(stale) or "none"))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
