"""People as annotators: what they are to label is drawn, handed to them, and read back with its probabilities.

Takes: TURNS, SESSIONS and ANNOTATIONS, and whoever gives the words of the messages that were drawn.
Gives: a folder of tasks and `drawn.json`; LABELS, how far people agree, and rows to train on.
Never: draws with a probability that is not written down, divides a relationship or session, takes "cannot say" for no.
"""

from attunement.labelling.agreeing import Agreed, agreements
from attunement.labelling.drawing import draw
from attunement.labelling.files import read_draw, write_draw
from attunement.labelling.frame import UNITS, Frame, frame_of
from attunement.labelling.manifest import Drawn, described
from attunement.labelling.reading import Read, read_labels
from attunement.labelling.rows import labelled_rows
from attunement.labelling.words import drawn_messages

__all__ = [
    "UNITS",
    "Agreed",
    "Drawn",
    "Frame",
    "Read",
    "agreements",
    "described",
    "draw",
    "drawn_messages",
    "frame_of",
    "labelled_rows",
    "read_draw",
    "read_labels",
    "write_draw",
]
