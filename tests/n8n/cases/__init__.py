"""The cases, in the order in which they run. Each is a function of the stage; its name says the rule it proves."""

from typing import Callable

from stage import Stage

Case = Callable[[Stage], None]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


from cases import review, usage, trigger, addresses, nodes, waits, outage  # noqa: E402,F401  (each adds its own cases)
