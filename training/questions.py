"""What can be asked about a scene, with the answers, which are exact because every place is known."""
from __future__ import annotations

from typing import NamedTuple

from . import colours, phrasing
from .concepts import KIND, KIND_ANSWER, KIND_PLURAL, UNCOUNTABLE, plural, with_article
from .scene import Drawing, Scene, Shape
from .unknown import UNKNOWN
from .world import SHAPES

DONT_KNOW = "I don't know."
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_APART = 0.15  # of the picture's side: nearer things are neither left nor right of each other
_EDGES = (0.36, 0.64)  # between left, centre and right


class Question(NamedTuple):
    task: str
    question: str
    answer: str


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _position(x: float, y: float) -> str:
    across = "left" if x < _EDGES[0] else "right" if x > _EDGES[1] else ""
    down = "top" if y < _EDGES[0] else "bottom" if y > _EDGES[1] else ""
    if across and down:
        return f"in the {down} {across}"
    return f"on the {across}" if across else f"at the {down}" if down else "in the center"


def _short_name(thing: Drawing | Shape) -> str:
    return f"{thing.colour} {thing.name}" if isinstance(thing, Shape) else thing.name


class Questions:
    """The questions about one scene. `wording` picks the lists of phrasing.py: "any" in training."""

    def __init__(self, scene: Scene, wording: str = "any"):
        self.scene, self.world, self.r, self.wording = scene, scene.world, scene.r, wording
        self.asked: list[Question] = []
        self.things = scene.drawings + scene.shapes
        self.groups: dict[str, list[Drawing | Shape]] = {}
        for thing in self.things:
            self.groups.setdefault(thing.article, []).append(thing)
        self.shown = {drawing.concept for drawing in scene.drawings}
        self.shown_names = {drawing.name for drawing in scene.drawings}
        self.text = " ".join(text.words for text in sorted(scene.texts, key=lambda text: text.y))

    def all(self) -> list[Question]:
        if UNKNOWN in self.shown:
            self._of_unknown()
        else:
            self._of_content()
            self._of_presence()
            self._of_lookalikes()
            self._of_shape_presence()
            self._of_kind()
            self._of_count()
            self._of_colour()
            self._of_relation()
            self._of_place()
        self._of_background()
        self._of_text()
        self.r.shuffle(self.asked)
        return self.asked

    def _add(self, task: str, wordings: phrasing.Wordings, answer: str, **names: str) -> None:
        wording = wordings.choose(self.r, self.wording)
        if wording is not None:
            self.asked.append(Question(task, wording.format(**names), answer))

    def _add_one_word(self, wordings: phrasing.Wordings, answer: str, **names: str) -> None:
        """The word alone, without a capital or a full stop: what a program asks for."""
        around = phrasing.ONE_WORD.choose(self.r, self.wording)
        inner = wordings.choose(self.r, "plain").format(**names)
        lower = inner[0].lower() + inner[1:] if not inner.startswith("I ") else inner
        self.asked.append(Question("word", around.format(q=inner, l=lower), answer))

    # ---- what there is

    def _called(self, article: str) -> str:
        group = self.groups[article]
        return article if len(group) == 1 else f"{_NUMBERS[len(group)]} {group[0].plural}"

    def _from_left(self) -> list[str]:
        def place(article: str) -> tuple[float, float]:
            group = self.groups[article]
            return round(min(thing.x for thing in group), 2), min(thing.y for thing in group)

        return sorted(self.groups, key=place)

    def _of_content(self) -> None:
        r, scene, name = self.r, self.scene, self.scene.background_name
        on = f" on {with_article(name)} background" if name else ""
        parts = [self._called(article) for article in self._from_left()]
        if self.text:
            parts.append(f'the text "{self.text}"')
        if not parts:
            self._add("what", phrasing.WHAT_SEVERAL, f"Nothing, just {with_article(name)} background." if name else "Nothing, just a plain pattern.")
            self._add("cap", phrasing.CAPTION, _sentence(f"{with_article(name)} background") if name else "A plain pattern.")
            return
        alone = len(self.things) == 1 and not self.text
        self._add("what", phrasing.WHAT_ONE if alone else phrasing.WHAT_SEVERAL, _sentence(_listed(parts)))
        if alone and r.random() < 0.5 and scene.drawings:
            self._add_one_word(phrasing.WHAT_ONE, scene.drawings[0].name)
        self._add("cap", phrasing.CAPTION, _sentence(_listed(parts) + on))
        self._add("desc", phrasing.DESCRIBE, self._description(on))

    def _description(self, on: str) -> str:
        parts = []
        for article in self._from_left():
            group = self.groups[article]
            parts.append(f"{article} {_position(group[0].x, group[0].y)}" if len(group) == 1 else self._called(article))
        texts = self.scene.texts
        if texts:
            quoted = f'the text "{self.text}"'
            parts.append(f"{quoted} {_position(texts[0].x, texts[0].y)}" if len(texts) == 1 else quoted)
        return f"The image shows {_listed(parts)}" + ("," + on if on and len(parts) > 1 else on) + "."

    def _of_unknown(self) -> None:
        r = self.r
        self._add("unknown", r.choice([phrasing.WHAT_ONE, phrasing.WHAT_SEVERAL]), DONT_KNOW)
        self._add("unknown", phrasing.CAPTION, DONT_KNOW)
        self._add("unknown", phrasing.DESCRIBE, DONT_KNOW)
        if r.random() < 0.5:
            self._add("unknown", phrasing.KIND, DONT_KNOW)
        if r.random() < 0.3:
            self._add_one_word(phrasing.WHAT_ONE, DONT_KNOW)
        self._ask_absent("yesno", r.choice(self.world.present))

    # ---- whether something is there

    def _present(self, name: str) -> phrasing.Wordings:
        return phrasing.PRESENT if self.r.random() < 0.85 or name in UNCOUNTABLE else phrasing.PRESENT_SOME

    def _ask_shown(self, task: str, drawing: Drawing) -> None:
        self._add(task, self._present(drawing.name), "Yes.", a=drawing.article, p=drawing.plural)

    def _ask_absent(self, task: str, concept: int) -> None:
        name = self.world.names[concept]
        if concept not in self.shown and name not in SHAPES:
            self._add(task, self._present(name), "No.", a=self.world.articles[concept], p=self.world.plurals[concept])

    def _of_presence(self) -> None:
        r, world, drawings = self.r, self.world, self.scene.drawings
        for _ in range(2):
            if drawings and r.random() < 0.5:
                self._ask_shown("yesno", r.choice(drawings))
            elif drawings and r.random() < 0.5:
                self._ask_absent("yesno", r.choice(world.of_kind[world.kinds[r.choice(drawings).concept]]))
            else:
                self._ask_absent("yesno", r.choice(world.present))
        if drawings and r.random() < 0.12:
            drawing = r.choice(drawings)
            self._add_one_word(phrasing.PRESENT, "yes", a=drawing.article)
        elif r.random() < 0.12:
            concept = r.choice(world.present)
            if concept not in self.shown and world.names[concept] not in SHAPES:
                self._add_one_word(phrasing.PRESENT, "no", a=world.articles[concept])

    def _of_lookalikes(self) -> None:
        """Beside a dog: is there a wolf? As often "yes" as "no", or the question itself would tell."""
        r, world, drawings = self.r, self.world, self.scene.drawings
        hard = [drawing for drawing in drawings if world.lookalikes[drawing.concept]]
        if not hard or r.random() < 0.35:
            return
        drawing = r.choice(hard)
        like = r.choice(world.lookalikes[drawing.concept])
        if like in self.shown or world.names[like] in SHAPES:
            return
        alone = len(drawings) == 1 and not self.scene.shapes and r.random() < 0.4
        if r.random() < 0.5:
            self._add("lookalike", phrasing.IS_THIS if alone else phrasing.PRESENT, "Yes.", a=drawing.article)
        else:
            self._add("lookalike", phrasing.IS_THIS if alone else phrasing.PRESENT, "No.", a=world.articles[like])

    def _of_shape_presence(self) -> None:
        r, shapes = self.r, self.scene.shapes
        if not shapes or r.random() < 0.4:
            return
        shape = r.choice(shapes)
        if r.random() < 0.5:
            self._add("yesno", phrasing.PRESENT, "Yes.", a=shape.article)
            return
        kind, colour = r.randrange(len(SHAPES)), r.choice(colours.NAMES)
        if r.random() < 0.5:
            colour = shape.colour
        elif r.random() < 0.5:
            kind = shape.kind
        if not any(each.kind == kind and (each.colour == colour or frozenset((each.colour, colour)) in colours.CONFUSED) for each in shapes):
            self._add("yesno", phrasing.PRESENT, "No.", a=with_article(f"{colour} {SHAPES[kind]}"))

    # ---- kinds of things

    def _of_kind(self) -> None:
        r, world, drawings = self.r, self.world, self.scene.drawings
        if not drawings:
            return
        kinds = [world.kinds[drawing.concept] for drawing in drawings]
        for drawing, kind in zip(drawings, kinds):
            if kinds.count(kind) == 1 and kind in KIND and r.random() < 0.4:
                self._add("what", phrasing.WHICH_KIND, _sentence(drawing.article), c=KIND[kind])
        if not all(world.clear_kind[drawing.concept] for drawing in drawings):
            return
        if len(self.groups) == 1:
            self._of_the_only_kind(kinds[0])
        elif len(drawings) > 1 and not self.scene.shapes:
            self._of_several_kinds(kinds)
        self._of_kind_presence(set(kinds))

    def _of_the_only_kind(self, kind: str) -> None:
        r, answer = self.r, KIND_ANSWER[kind]
        if len(self.things) == 1 and not self.text and r.random() < 0.6:
            self._add("category", phrasing.KIND, _sentence(answer))
            if r.random() < 0.2:
                self._add_one_word(phrasing.KIND, answer.split(" ", 1)[-1])
        if len(self.things) == 1 and r.random() < 0.35:
            other = r.choice([each for each in KIND_ANSWER if each != kind and {each, kind} != {"food", "fruit"} and {each, kind} != {"food", "vegetable"}
                              and {each, kind} != {"plant", "fruit"} and {each, kind} != {"plant", "vegetable"}])
            pair = [answer, KIND_ANSWER[other]]
            r.shuffle(pair)
            self._add("category", phrasing.OF_TWO_KINDS, _sentence(answer), a=pair[0], b=pair[1])

    def _of_several_kinds(self, kinds: list[str]) -> None:
        r = self.r
        drawing, kind = r.choice(list(zip(self.scene.drawings, kinds)))
        if kinds.count(kind) == 1 and not {"food", "fruit", "vegetable", "plant"} & set(kinds) - {kind} and r.random() < 0.4:
            self._add("category", phrasing.WHICH_IS_KIND, _sentence(drawing.article), a=KIND_ANSWER[kind])
        if kind in KIND_PLURAL and r.random() < 0.25 and not {"food", "fruit", "vegetable", "plant"} & set(kinds) - {kind}:
            self._add("category", phrasing.COUNT, str(kinds.count(kind)), p=KIND_PLURAL[kind])

    def _of_kind_presence(self, kinds: set[str]) -> None:
        r = self.r
        if r.random() < 0.35:
            shown = r.random() < 0.5
            eaten = {"food", "fruit", "vegetable", "plant"}
            choices = [kind for kind in KIND_PLURAL if (kind in kinds) == shown and (shown or not (kind in eaten and kinds & eaten))]
            if choices:
                kind = r.choice(choices)
                wordings = phrasing.PRESENT if r.random() < 0.6 else phrasing.PRESENT_SOME
                self._add("category", wordings, "Yes." if shown else "No.", a=KIND_ANSWER[kind], p=KIND_PLURAL[kind])

    # ---- how many

    def _of_count(self) -> None:
        r, scene, world = self.r, self.scene, self.world
        for group in self.groups.values():
            thing = group[0]
            if isinstance(thing, Drawing) and thing.name in UNCOUNTABLE or len(group) == 1 and r.random() < 0.75:
                continue
            asked = thing.plural
            if isinstance(thing, Shape) and r.random() < 0.6 and self._only_of_its_form(thing, len(group)):
                asked = plural(thing.name)
            self._add("count", phrasing.COUNT, str(len(group)), p=asked)
        if len(scene.shapes) > 1 and not scene.drawings and r.random() < 0.4:
            self._add("count", phrasing.SHAPES_IN_ALL, str(len(scene.shapes)))
        if len(scene.drawings) > 1 and not scene.shapes and r.random() < 0.15:
            self._add("count", phrasing.OBJECTS_IN_ALL, str(len(scene.drawings)))
        if r.random() < 0.06:
            concept = r.choice(world.present)
            if concept not in self.shown and world.names[concept] not in UNCOUNTABLE and world.names[concept] not in SHAPES:
                self._add("count", phrasing.COUNT, "0", p=world.plurals[concept])

    def _only_of_its_form(self, shape: Shape, count: int) -> bool:
        return sum(each.kind == shape.kind for each in self.scene.shapes) == count and shape.name not in self.shown_names

    # ---- colours and forms

    def _of_colour(self) -> None:
        r, shapes = self.r, self.scene.shapes
        for shape in shapes:
            if self._only_of_its_form(shape, 1):
                self._add("color", phrasing.COLOUR, _sentence(shape.colour), n=shape.name)
                if r.random() < 0.25:
                    self._add_one_word(phrasing.COLOUR, shape.colour, n=shape.name)
            if len(shapes) > 1 and sum(each.colour == shape.colour for each in shapes) == 1:
                self._add("shape", phrasing.SHAPE_OF_COLOUR, _sentence(with_article(shape.name)), c=shape.colour)
        if len(self.things) == 1 and shapes:
            self._add("shape", phrasing.SHAPE, _sentence(with_article(shapes[0].name)))
            if r.random() < 0.4:
                self._add_one_word(phrasing.SHAPE, shapes[0].name)

    def _of_background(self) -> None:
        name = self.scene.background_name
        if name and self.r.random() < 0.5:
            self._add("bg", phrasing.BACKGROUND, _sentence(name))
            if self.r.random() < 0.15:
                self._add_one_word(phrasing.BACKGROUND, name)

    # ---- where

    def _unmistakable(self) -> list[Drawing | Shape]:
        single = [group[0] for group in self.groups.values() if len(group) == 1]
        names = [_short_name(thing) for thing in single]
        return [thing for thing, name in zip(single, names) if names.count(name) == 1 and name != "Santa Claus"]

    def _of_relation(self) -> None:
        things, r = self._unmistakable(), self.r
        if len(things) < 2:
            return
        for _ in range(2):
            self._relate(*r.sample(things, 2))
        if len(self.things) == 2:
            self._at_sides(*things)

    def _relate(self, thing, other) -> None:
        r, right, down = self.r, thing.x - other.x, thing.y - other.y
        names = {"n": _short_name(thing), "b": _short_name(other), "a": thing.article}
        dice = r.random()
        if abs(right) > _APART and (abs(down) <= 0.12 or r.random() < 0.5):
            if dice < 0.5:
                self._add("spatial", phrasing.LEFT_RIGHT, "Left." if right < 0 else "Right.", **names)
            elif dice < 0.75:
                self._add("spatial", phrasing.IS_LEFT, "Yes." if right < 0 else "No.", **names)
            else:
                self._add("spatial", phrasing.IS_RIGHT, "Yes." if right > 0 else "No.", **names)
        elif abs(down) > _APART:
            if dice < 0.5:
                self._add("spatial", phrasing.ABOVE_BELOW, "Above." if down < 0 else "Below.", **names)
            elif dice < 0.75:
                self._add("spatial", phrasing.IS_ABOVE, "Yes." if down < 0 else "No.", **names)
            else:
                self._add("spatial", phrasing.IS_BELOW, "Yes." if down > 0 else "No.", **names)

    def _at_sides(self, thing, other) -> None:
        r = self.r
        if abs(thing.x - other.x) > _APART and abs(thing.y - other.y) < 0.2:
            sides = ("left", "right")
            first, second = (thing, other) if thing.x < other.x else (other, thing)
        elif abs(thing.y - other.y) > _APART and abs(thing.x - other.x) < 0.2:
            sides = ("top", "bottom")
            first, second = (thing, other) if thing.y < other.y else (other, thing)
        else:
            return
        for side, asked, beside in r.sample([(sides[0], first, second), (sides[1], second, first)], 2)[:1]:
            self._add("side", phrasing.AT_SIDE[side], _sentence(asked.article))
        for side, asked, beside in r.sample([(sides[0], first, second), (sides[1], second, first)], 2)[:1]:
            self._add("side", phrasing.BESIDE[side], _sentence(asked.article), b=_short_name(beside))

    def _of_place(self) -> None:
        things = self._unmistakable()
        if things:
            thing = self.r.choice(things)
            if all(min(abs(value - edge) for edge in _EDGES) > 0.03 for value in (thing.x, thing.y)):
                self._add("where", phrasing.WHERE, _sentence(_position(thing.x, thing.y)), n=_short_name(thing))

    # ---- text

    def _of_text(self) -> None:
        r = self.r
        if self.text:
            for _ in range(2):
                self._add("ocr", phrasing.READ, f'The text says "{self.text}".')
            if r.random() < 0.2:
                self._add("yesno", phrasing.IS_TEXT, "Yes.")
        elif UNKNOWN not in self.shown:  # unknown things may bear letters
            if r.random() < 0.06:
                self._add("yesno", phrasing.IS_TEXT, "No.")
            if r.random() < 0.04:
                self._add("ocr", phrasing.READ, "There is no text.")
