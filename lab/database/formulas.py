# Copyright (c) 2026 Slipway contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Formulas in the values of database parameters, as RDS evaluates them. Pure.

https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ParamValuesRef.html
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

_FORMULA = re.compile(r"\$?\{|(GREATEST|LEAST|SUM)\(")
_FUNCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "GREATEST": max,
    "LEAST": min,
    "SUM": sum,
    "log": lambda values: math.log2(values[0]),
}
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def evaluate(value: str, variables: Mapping[str, int]) -> str:
    """A parameter's value: a formula becomes its whole number, another text stays as it is.

    ``{DBInstanceClassMemory/32768}`` or ``LEAST({DBInstanceClassMemory/9531392},5000)``. Raises ValueError for a
    formula that is none, or names an unknown variable.
    """
    if not _FORMULA.match(value):
        return value
    text = value.replace("${", "{").replace("{", "(").replace("}", ")")
    try:
        return str(int(_evaluate(ast.parse(text, mode="eval").body, variables)))
    except (SyntaxError, KeyError, TypeError, ZeroDivisionError, ValueError) as cause:
        raise ValueError(f"{value} is no formula that is known here") from cause


def _evaluate(node: ast.expr, variables: Mapping[str, int]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return variables[name]
        case ast.BinOp(left=left, op=sign, right=right):
            return _OPERATORS[type(sign)](_evaluate(left, variables), _evaluate(right, variables))
        case ast.Call(func=ast.Name(id=name), args=arguments) if arguments:
            return _FUNCTIONS[name]([_evaluate(each, variables) for each in arguments])
        case _:
            raise ValueError(ast.dump(node))
