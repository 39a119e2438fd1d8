"""Mean-field theory: what initialisation alone says of variance and gradient by depth. numpy only."""

from .averages import Activation, Averages, activation_of
from .moments import Layer, Moments
from .overlay import predict
from .recursion import FixedPoint, Recursion, critical_weight_variance, unit_variance_recipe
from .result import NUMBERS, Prediction
from .rules import RULES, Rule

__all__ = [
    "NUMBERS",
    "RULES",
    "Activation",
    "Averages",
    "FixedPoint",
    "Layer",
    "Moments",
    "Prediction",
    "Recursion",
    "Rule",
    "activation_of",
    "critical_weight_variance",
    "predict",
    "unit_variance_recipe",
]
