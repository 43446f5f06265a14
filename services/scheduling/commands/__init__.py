"""What people do. Each command is one unit of work that locks its case first; a refusal says what to do instead."""

from services.scheduling.commands.answers import accept, decline, extend, offer_again
from services.scheduling.commands.coming import say_who_comes
from services.scheduling.commands.locked import HOUSEHOLD
from services.scheduling.commands.own_needs import ask, check_may_ask
from services.scheduling.commands.places import cancel, choose, move, take
from services.scheduling.commands.visits import arrive, check_in, excuse, fulfil, miss, not_heard, not_here

__all__ = [
    "HOUSEHOLD",
    "accept",
    "arrive",
    "ask",
    "cancel",
    "check_in",
    "check_may_ask",
    "choose",
    "decline",
    "excuse",
    "extend",
    "fulfil",
    "miss",
    "move",
    "not_heard",
    "not_here",
    "offer_again",
    "say_who_comes",
    "take",
]
