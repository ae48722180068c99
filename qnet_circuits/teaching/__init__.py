"""Exercises that are checked: tasks, verdicts, and predictions that are made before a run and scored after it."""

from qnet_circuits.teaching.exercise import Task
from qnet_circuits.teaching.limits import Limits
from qnet_circuits.teaching.predictions import Prediction, predict, predictions, score
from qnet_circuits.teaching.registry import task, tasks
from qnet_circuits.teaching.verdict import Check, Verdict

__all__ = [
    "Check",
    "Limits",
    "Prediction",
    "Task",
    "Verdict",
    "predict",
    "predictions",
    "score",
    "task",
    "tasks",
]
