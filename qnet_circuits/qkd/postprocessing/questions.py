"""Bob's questions about parities, and their form in a message: one message carries the questions of many frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qnet_circuits.qkd.postprocessing.channel import decode_numbers, encode_numbers
from qnet_circuits.qkd.postprocessing.passes import Places
from qnet_circuits.qkd.postprocessing.refusals import Refusal


@dataclass(frozen=True, eq=False)
class Question:
    """A question for the parities of Alice's bits before some places along the shuffle of a pass.

    Args:
        frame: Number of the frame.
        index: Number of the pass.
        places: The places, each in [1, n].

    Example:
        >>> Question(0, 2, np.array([5, 9])).frame
        0
    """

    frame: int
    index: int
    places: Places


def encode_questions(questions: Sequence[Question]) -> bytes:
    """Return questions as bytes: of each its frame, its pass, the number of its places, and the places.

    Example:
        >>> decode_questions(encode_questions([Question(0, 2, np.array([5, 9])), Question(3, 0, np.array([1]))]))
        [Question(frame=0, index=2, places=array([5, 9])), Question(frame=3, index=0, places=array([1]))]
    """
    parts = [([one.frame, one.index, len(one.places)], one.places) for one in questions]
    return encode_numbers(np.concatenate([row for part in parts for row in part]))


def decode_questions(body: bytes) -> list[Question]:
    """Return the questions that ``encode_questions`` wrote.

    Raises:
        Refusal: If the bytes are something else, or a question names no place.
    """
    numbers, at = decode_numbers(body), 0
    questions: list[Question] = []
    while at < len(numbers) or not questions:
        frame, index, count = [*numbers[at : at + 3].tolist(), 0, 0, 0][:3]
        at += 3 + count
        if not count or at > len(numbers):
            raise Refusal(
                "malformed", "a question must name a frame, a pass and places, but this one does not"
            )
        questions.append(Question(frame, index, numbers[at - count : at]))
    return questions
