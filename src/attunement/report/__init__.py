"""Says what was found: one page for a person to read, and tables for a machine.

Takes: Contents: the tables of an audit, its findings, and what its constructs are known to get wrong.
Gives: one self-contained report.html, findings.json, tidy tables as CSV and Parquet, figures to show or to keep.
Never: makes a request, quotes a message unasked, draws a group below the floor, or adds needs up to one score.
"""

from attunement.report.audited import Audited, Frame
from attunement.report.captions import figures
from attunement.report.contents import Contents, Written
from attunement.report.files import write
from attunement.report.page import html
from attunement.report.verdicts import draw_verdicts, verdicts_chart

__all__ = ["Audited", "Contents", "Frame", "Written", "draw_verdicts", "figures", "html", "verdicts_chart", "write"]
