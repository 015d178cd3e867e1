"""Tweet-like texts whose names a photo's boxes can answer: who stands left, in front, with the dog; who is not there at all.

A template's slots: {A} {B} {C} people, {L} a place, {O} an organisation, {W} a work, product or pet, {T} a thing of the 80 classes.
Every fifth template is held out.
"""
from __future__ import annotations

import random
from dataclasses import dataclass, field

from .readers import Tweet, entity_spans

TYPE = {"A": "PER", "B": "PER", "C": "PER", "D": "PER", "L": "LOC", "O": "ORG", "W": "OTHER"}

# kind → (text, role of each name in order)
TEMPLATES: dict[str, list[tuple[str, str]]] = {
    "sides": [
        ("{A} (left) and {B} (right)", "left right"), ("{A} (right) and {B} (left)", "right left"), ("L-R : {A} , {B}", "left right"), ("From left : {A} and {B}", "left right"),
        ("{A} , left , with {B} tonight", "left right"), ("{A} , right , with {B} at the show", "right left"), ("{A} (L) & {B} (R)", "left right"), ("{A} (R) & {B} (L)", "right left"),
        ("Left : {A} . Right : {B}", "left right"), ("{A} on the left and {B} on the right", "left right"), ("{A} on the right , {B} on the left", "right left"),
        ("Great photo of {A} (left) next to {B}", "left right"), ("Great photo of {A} (right) next to {B}", "right left"), ("left to right {A} , {B}", "left right"),
        ("{A} to the left of {B}", "left right"), ("{A} to the right of {B}", "right left"), ("{A} ( far left ) met {B} today", "left right"), ("{A} ( far right ) met {B} today", "right left"),
        ("On the left is {A} , on the right {B}", "left right"), ("On the right {A} , left {B}", "right left"), ("pictured left {A} and right {B}", "left right"),
        ("{A} at left with {B}", "left right"), ("{A} at right with {B}", "right left"), ("that's {A} on the left with {B}", "left right"), ("that's {A} on the right with {B}", "right left"),
    ],
    "side": [
        ("{A} (left) after the game", "left"), ("{A} (right) after the game", "right"), ("That is {A} on the left", "left"), ("That is {A} on the right", "right"),
        ("{A} , left , in the crowd", "left"), ("{A} , right , in the crowd", "right"), ("{A} , far left", "left"), ("{A} , far right", "right"), ("look at {A} (L) !", "left"), ("look at {A} (R) !", "right"),
    ],
    "three": [("L-R : {A} , {B} , {C}", "left middle right"), ("From left to right : {A} , {B} and {C}", "left middle right"), ("{A} (left) , {B} (centre) and {C} (right)", "left middle right"),
              ("{A} , {B} and {C} ( left to right )", "left middle right"), ("{B} in the middle with {A} left and {C} right", "middle left right")],
    "depth": [
        ("{A} in front , {B} behind", "front back"), ("{A} in the foreground and {B} in the background", "front back"), ("{B} in the background while {A} poses in front", "back front"),
        ("{A} up close , {B} at the back", "front back"), ("{A} with {B} in the background", "front back"), ("{A} behind {B}", "back front"), ("{A} photobombed by {B} in the back", "front back"),
        ("{A} in the back , {B} in front", "back front"), ("look who is behind {A} ! It is {B}", "front back"), ("{A} closest to the camera and {B} behind", "front back"),
    ],
    "thing": [
        ("{A} with the {T} and {B}", "with other"), ("{A} and {B} with the {T}", "other with"), ("{A} on the {T} , {B} watching", "with other"), ("{A} has the {T} , {B} waits", "with other"),
        ("{B} next to {A} who holds the {T}", "other with"), ("{A} ( with {T} ) and {B}", "with other"), ("{A} and {B} ( with {T} )", "other with"), ("{A} playing with a {T} beside {B}", "with other"),
        ("{A} got a new {T} , {B} did not", "with other"), ("{A} and his {T} , and {B}", "with other"), ("the one with the {T} is {A} , the other {B}", "with other"),
    ],
    "any": [
        ("{A} and {B} tonight", "any any"), ("{A} & {B} together again", "any any"), ("{A} with {B} at {L}", "any any none"), ("great night with {A} and {B}", "any any"), ("{A} meets {B}", "any any"),
        ("{A} , {B} and friends", "any any"), ("love this picture of {A} and {B} !", "any any"), ("{A} hugs {B}", "any any"), ("{A} and {B} at the premiere of {W}", "any any none"), ("{A} x {B}", "any any"),
    ],
    "single": [
        ("{A} at the beach today", "main"), ("happy birthday {A} !", "main"), ("{A} looking good", "main"), ("this is {A} in {L}", "main none"), ("new photo of {A}", "main"), ("{A} arrives at {L}", "main none"),
        ("{A} during training with {O}", "main none"), ("so proud of {A}", "main"), ("RT if you love {A}", "main"), ("{A} on set of {W}", "main none"), ("{A} spotted in {L} this morning", "main none"),
        ("good luck to {A} tonight", "main"), ("{A} signs for {O}", "main none"), ("congrats {A} on winning the {W}", "main none"), ("Meet {A} , our new coach", "main"),
    ],
    "absent": [
        ("{A} looking great , thanks {B} for the photo", "main none"), ("{A} vs {B} next week", "main none"), ("{A} slams {B} , says {C}", "main none none"), ("{A} reading {B} 's book", "main none"),
        ("photo of {A} by {B}", "main none"), ("{A} talks about {B} in a new interview", "main none"), ("{A} says {B} will win", "main none"), ("{A} misses {B}", "main none"), ("{A} wearing {B} dress", "main none"),
        ("Better than {B} : {A}", "none main"), ("{B} tweets about {A}", "none main"), ("{A} replaces {B} as head of {O}", "main none none"), ("{A} denies reports by {B}", "main none"), ("{A} sings a {B} song", "main none"),
        ("According to {B} , {A} is ready", "none main"), ("thanks {B} ! Here is {A}", "none main"), ("{A} asks {B} for help", "main none"), ("{A} on the death of {B}", "main none"), ("{A} like {B} in his prime", "main none"),
    ],
    "absent2": [("{A} and {B} together , says {C}", "any any none"), ("{A} with {B} . Photo : {C}", "any any none"), ("{A} and {B} miss {C}", "any any none"), ("{C} congratulates {A} and {B}", "none any any"),
                ("{A} , {B} at the {C} memorial", "any any none"), ("{A} and {B} tell {C} to stop", "any any none")],
    "nobody": [("{A} 's new song is out", "none"), ("what a day , {A} would love this", "none"), ("thinking of {A} today", "none"), ("{A} says it will rain in {L}", "none none"), ("RIP {A}", "none"), ("bought this from {A}", "none"),
               ("{A} is right about {O}", "none none"), ("quote by {A}", "none"), ("{A} and {B} have split", "none none")],
    "own": [("my {T} {W}", "own"), ("our {T} is called {W}", "own"), ("say hello to {W} the {T}", "own"), ("the new {W} {T}", "own"), ("{W} , the best {T} ever", "own"), ("just got the {W} {T} !", "own"),
            ("meet {W} , my {T}", "own"), ("review of the {W} {T}", "own"), ("{A} with {W} the {T}", "any own")],
    "place": [("beautiful {L}", "place"), ("good morning {L} !", "place"), ("greetings from {L}", "place"), ("the view of {L}", "place"), ("sunset over {L}", "place"), ("{L} is so pretty", "place"), ("a day in {L}", "place"),
              ("walking through {L} today", "place"), ("#travel {L}", "place"), ("I miss {L}", "place")],
    "everyday": [("lunch at {O} in {L}", "none none"), ("listening to {W} all day", "none"), ("{O} is hiring", "none"), ("on my way to {L}", "none"), ("can't wait for {W}", "none"), ("{O} beat {O} last night", "none none"),
                 ("flying to {L} with {O}", "none none"), ("watching {W} again", "none"), ("news from {L}", "none"), ("{W} is on {O} tonight", "none none")],
    "logo": [("the new {O} logo", "logo"), ("{O} opens a store", "logo"), ("{O} sign downtown", "logo"), ("spotted : {O}", "logo"), ("I love {O}", "logo"), ("{O} at the fair", "logo"), ("enjoying a {O}", "logo"), ("free {O} today !", "logo"),
             ("{O} sponsors the race", "logo"), ("#ad {O}", "logo")],
    "sign": [("{W} poster", "lettering"), ("the cover of {W}", "lettering"), ("{W} out now !", "lettering"), ("{W} tickets on sale", "lettering"), ("save the date : {W}", "lettering"), ("{W} coming soon", "lettering"),
             ("new flyer for {W}", "lettering"), ("{O} : read our report", "lettering"), ("join us at {W}", "lettering")],
}
AROUND = ("", "", "", "", "RT @user : ", "wow ", "#throwback ", "omg ", "Today : ", "BREAKING : ", "VIDEO : ", "Pic : ")
BEHIND = ("", "", "", "", " !", " .", " #love", " http://t.co/abc123", " ...", " #tbt", " via @user", " :)")
THINGS = ("dog cat horse bicycle motorcycle skateboard surfboard umbrella backpack handbag tie cake pizza laptop kite frisbee bottle cup book car elephant cow sheep bird chair couch bed "
          "boat bus train truck airplane clock vase sandwich").split() + ["tennis racket", "baseball bat", "cell phone", "sports ball", "teddy bear", "hot dog", "wine glass", "baseball glove"]
HELD = 5


@dataclass
class Text:
    tweet: Tweet
    kind: str
    roles: list[str]  # of each name in order
    thing: str = ""
    visible: list[bool] = field(default_factory=list)  # where it is known without a photo


def names_of(tweets: list[Tweet]) -> dict[str, list[list[str]]]:
    pool: dict[str, dict[tuple, int]] = {label: {} for label in ("PER", "LOC", "ORG", "OTHER")}
    for tweet in tweets:
        for a, b, label in entity_spans(tweet.tags):
            if b - a <= 3:
                pool[label][tuple(tweet.tokens[a:b])] = 1
    return {label: [list(name) for name in names] for label, names in pool.items()}


def nonsense(rng: random.Random) -> list[str]:
    syllables = lambda: "".join(rng.choice("bcdfghjklmnprstvwz") + rng.choice("aeiou") for _ in range(rng.randint(1, 3))) + rng.choice(("", "n", "r", "s", "x"))
    return [syllables().title() for _ in range(rng.randint(1, 2))]


def write(kind: str, held: bool, names: dict, rng: random.Random) -> Text:
    index = [i for i in range(len(TEMPLATES[kind])) if (i % HELD == HELD - 1) == held] or [0]
    pattern, roles = TEMPLATES[kind][rng.choice(index)]
    pattern = rng.choice(AROUND) + pattern + rng.choice(BEHIND)
    tokens, tags, thing = [], [], ""
    for word in pattern.replace("(", " ( ").replace(")", " ) ").split():
        if word.startswith("{"):
            slot = word[1]
            if slot == "T":
                thing = thing or rng.choice(THINGS)
                tokens += thing.split()
                tags += ["O"] * len(thing.split())
                continue
            name = nonsense(rng) if rng.random() < 0.15 else rng.choice(names[TYPE[slot]])
            tokens += name
            tags += [f"B-{TYPE[slot]}"] + [f"I-{TYPE[slot]}"] * (len(name) - 1)
        else:
            tokens.append(word)
            tags.append("O")
    return Text(Tweet("", tokens, tags), kind, roles.split(), thing)


SPLICED = {"sides": [("( left )", "( right )", "left right"), ("( right )", "( left )", "right left"), ("( L )", "( R )", "left right"), (", left ,", ", right ,", "left right"), (", right ,", ", left ,", "right left")],
           "depth": [("( front )", "( back )", "front back"), ("( behind )", "( front )", "back front")], "any": [("", "", "any any")]}


def splice(tweet: Tweet, kind: str, rng: random.Random) -> Text | None:
    """A cue set behind each of the two people that a real tweet names."""
    spans = entity_spans(tweet.tags)
    people = [s for s in spans if s[2] == "PER"]
    if len(people) != 2 or len(tweet.tokens) > 30:
        return None
    first, second, roles = rng.choice(SPLICED[kind])
    tokens, tags = list(tweet.tokens), list(tweet.tags)
    for (_, end, _), cue in ((people[1], second), (people[0], first)):
        tokens[end:end] = cue.split()
        tags[end:end] = ["O"] * len(cue.split())
    role = iter(roles.split())
    return Text(Tweet("", tokens, tags), kind, [next(role) if s[2] == "PER" else "unknown" for s in spans])
