"""The ways to ask. For each task: `plain`, the wordings it is mostly trained with; `other`, ways to say the same; `unseen`, ways
that are never trained on and only tested.

{a} is a thing with its article, {n} its bare name, {p} its plural, {b} another thing, {c} a colour or a kind.
"""
from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wordings:
    plain: list[str]
    other: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)

    def choose(self, r: random.Random, wording: str) -> str | None:
        """`wording`: "any" in training, or one of the three lists. None where that one is empty."""
        if wording == "any":
            return r.choice(self.other if self.other and r.random() < 0.35 else self.plain)
        chosen = getattr(self, wording)
        return r.choice(chosen) if chosen else None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


WHAT_ONE = Wordings(_lines("""What is this?
    What is in this image?
    What is in the picture?
    What do you see?
    What object is shown?
    Name the object.
    What can you see in the picture?
    What is shown here?
    What does this image show?
    Identify the object.
    What's this?
    What's in this image?
    What is it?
    Tell me what this is."""), _lines("""What am I looking at?
    Which object is this?
    Can you tell me what this is?
    Do you know what this is?
    What would you call this?
    What do we have here?
    What is the thing in the picture?
    What does the picture show?
    Please name the object.
    Could you identify this?
    What can be seen here?
    Say what you see.
    What is depicted here?
    What is the object in this image?
    What is this a picture of?
    This is a picture of what?
    Can you identify the object in this image?
    What thing is this?"""), _lines("""Please tell me what you see here.
    Which thing is shown in this picture?
    Could you tell me what is in the image?
    Name the thing in the picture.
    What is this picture of?"""))
WHAT_SEVERAL = Wordings(_lines("""What is in this image?
    What is in the picture?
    What do you see?
    What objects are shown?
    Name the objects.
    What can you see in the picture?
    What is shown here?
    What does this image show?
    List the objects in the image.
    Which objects do you see?
    What's in this image?
    What things are in this picture?"""), _lines("""What am I looking at?
    Which things are in the picture?
    Name everything you see.
    List everything in the picture.
    What does the picture show?
    Can you list the objects?
    What can be seen here?
    Tell me what you see.
    What are the objects in this image?
    Which things can you see here?
    Say what you see.
    What is depicted here?
    What do we have here?
    What is this a picture of?
    Tell me everything that is in the image."""), _lines("""Please list the things in this picture.
    Could you name the objects you see?
    Tell me which objects are shown.
    What things do you see here?
    Please tell me what is in the image."""))
CAPTION = Wordings(_lines("""Caption this image.
    Write a short caption.
    Write a caption for this image.
    Describe this image briefly.
    Give a short description.
    Give me a one-line caption.
    Briefly describe the picture.
    Summarize the image.
    What would be a good caption?"""), _lines("""Describe the picture in a few words.
    Give the image a caption.
    Can you write a caption?
    Write a short description of the image.
    Describe the image in one sentence.
    A short caption, please.
    Summarize the picture in one line.
    Please caption the picture."""), _lines("""Please write a short caption for the picture.
    Give me a short description of this image.
    Can you describe the image briefly?"""))
DESCRIBE = Wordings(_lines("""Describe this image.
    Describe the image.
    Describe the picture in detail.
    Describe what you see.
    Can you describe this image?
    Describe this picture.
    What is happening in this image?
    Please describe the image.
    Explain what is in the picture.
    Describe this image in detail."""), _lines("""Could you describe the picture?
    Tell me about this image.
    Tell me about the picture.
    Describe everything you see.
    Give a detailed description.
    What is going on in the picture?
    Describe the scene.
    Please describe this picture in detail.
    What is in the image and where?"""), _lines("""Please describe what is in the picture.
    Give me a detailed description of the image.
    Can you describe the scene in detail?"""))
PRESENT = Wordings(_lines("""Is there {a}?
    Is there {a} in this image?
    Can you see {a}?
    Does the image contain {a}?
    Do you see {a} here?
    Is there {a} in the picture?
    Does this picture show {a}?
    Is {a} visible?"""), _lines("""Is {a} shown here?
    Do we have {a} in this picture?
    Can {a} be seen in the image?
    Is {a} in the picture?
    Tell me if there is {a}.
    Does the picture have {a} in it?
    Could you check if there is {a}?
    There is {a} in the image, yes or no?
    Is {a} somewhere in the picture?
    Yes or no: is there {a}?
    Do you notice {a}?"""), _lines("""Can you tell me if there is {a} here?
    Is there {a} to see in this image?
    Yes or no, do you see {a}?"""))
PRESENT_SOME = Wordings(["Are there any {p}?", "Are there any {p} in the image?", "Do you see any {p}?"],
                        ["Can you see any {p}?", "Are any {p} visible?", "Does the picture show any {p}?", "Any {p} here?"],
                        ["Are there any {p} in this picture?", "Do you see any {p} in the image?"])
IS_THIS = Wordings(["Is this {a}?", "Is it {a}?", "Does it show {a}?"],
                   ["Would you call this {a}?", "Is the object {a}?", "Is what you see {a}?", "Could this be {a}?"],
                   ["Is the thing in the picture {a}?", "Is this a picture of {a}?"])
COUNT = Wordings(_lines("""How many {p} are there?
    How many {p} are in the image?
    Count the {p}.
    How many {p} do you see?
    What is the number of {p}?
    How many {p} can you see in this picture?"""), _lines("""Can you count the {p}?
    Tell me how many {p} there are.
    How many {p} are shown?
    Please count the {p}.
    What number of {p} do you see?
    How many {p} does the picture show?"""), _lines("""Please tell me the number of {p}.
    Could you count the {p} in the image?
    How many {p} can be seen here?"""))
COLOUR = Wordings(_lines("""What color is the {n}?
    What is the color of the {n}?
    Which color is the {n}?
    Tell me the color of the {n}.
    The {n} is what color?
    What colour is the {n}?"""), _lines("""Which color does the {n} have?
    What color does the {n} have?
    Name the color of the {n}.
    Can you tell the color of the {n}?
    In what color is the {n}?"""), _lines("""Please name the color of the {n}.
    Which color do you see on the {n}?"""))
BACKGROUND = Wordings(_lines("""What color is the background?
    What is the background color?
    Which color is the background?
    Tell me the background color.
    What colour is the background?
    The background is what color?"""), _lines("""Which color does the background have?
    Name the color of the background.
    What color is behind the objects?
    What is the color of the background?
    Can you tell the background color?"""), _lines("""Please name the background color.
    Which background color do you see?"""))
SHAPE = Wordings(_lines("""What shape is this?
    What shape is shown?
    Which shape do you see?
    Name the shape.
    What is the shape?
    What shape is in the image?"""), ["Which shape is this?", "Can you name the shape?", "Tell me what shape this is."],
    ["Please name the shape.", "Which shape is shown in the picture?"])
SHAPE_OF_COLOUR = Wordings(["What shape is {c}?", "Which shape is {c}?", "What is the shape of the {c} object?", "What {c} shape is there?"],
                           ["Which of the shapes is {c}?", "Name the {c} shape.", "What is the {c} shape?"], ["Tell me which shape is {c}."])
LEFT_RIGHT = Wordings(_lines("""Is the {n} to the left or right of the {b}?
    Is the {n} on the left or right of the {b}?
    Which side of the {b} is the {n} on, left or right?
    Is the {n} left or right of the {b}?
    Relative to the {b}, is the {n} left or right?
    Left or right: where is the {n} compared to the {b}?"""), _lines("""On which side of the {b} is the {n}?
    Seen from the {b}, is the {n} left or right?
    Does the {n} stand left or right of the {b}?"""), ["On which side of the {b} do you see the {n}, left or right?"])
ABOVE_BELOW = Wordings(_lines("""Is the {n} above or below the {b}?
    Is the {n} over or under the {b}?
    Relative to the {b}, is the {n} above or below?
    Above or below: where is the {n} compared to the {b}?"""), ["Is the {n} placed above or below the {b}?",
    "Does the {n} stand above or below the {b}?"], ["Do you see the {n} above or below the {b}?"])
IS_LEFT = Wordings(["Is the {n} to the left of the {b}?", "Is the {n} left of the {b}?", "Is there {a} to the left of the {b}?"])
IS_RIGHT = Wordings(["Is the {n} to the right of the {b}?", "Is the {n} right of the {b}?"])
IS_ABOVE = Wordings(["Is the {n} above the {b}?", "Is the {n} over the {b}?"])
IS_BELOW = Wordings(["Is the {n} below the {b}?", "Is the {n} under the {b}?"])
WHERE = Wordings(_lines("""Where is the {n}?
    Where is the {n} in the image?
    In which part of the image is the {n}?
    What is the position of the {n}?
    Where can I find the {n}?
    Locate the {n}."""), _lines("""Where in the picture is the {n}?
    Tell me where the {n} is.
    Where do you see the {n}?
    Can you locate the {n}?
    In what part of the picture is the {n}?"""), ["Where can the {n} be seen?", "Please tell me where the {n} is."])
AT_SIDE = {
    "left": Wordings(["What is on the left?", "What is on the left side?", "What object is on the left?", "Which object is to the left?"],
                     ["What do you see on the left?", "What is in the left part of the picture?"], ["Name the object on the left."]),
    "right": Wordings(["What is on the right?", "What is on the right side?", "What object is on the right?", "Which object is to the right?"],
                      ["What do you see on the right?", "What is in the right part of the picture?"], ["Name the object on the right."]),
    "top": Wordings(["What is at the top?", "What object is at the top?", "Which object is on top?"], ["What do you see at the top?"],
                    ["Name the object at the top."]),
    "bottom": Wordings(["What is at the bottom?", "What object is at the bottom?", "Which object is at the bottom?"],
                       ["What do you see at the bottom?"], ["Name the object at the bottom."])}
BESIDE = {"left": Wordings(["What is to the left of the {b}?", "What is left of the {b}?"], ["What do you see left of the {b}?"]),
          "right": Wordings(["What is to the right of the {b}?", "What is right of the {b}?"], ["What do you see right of the {b}?"]),
          "top": Wordings(["What is above the {b}?", "What is over the {b}?"], ["What do you see above the {b}?"]),
          "bottom": Wordings(["What is below the {b}?", "What is under the {b}?"], ["What do you see below the {b}?"])}
READ = Wordings(_lines("""What does the text say?
    Read the text.
    What is written here?
    What word is shown?
    What text is in the image?
    What does it say?
    Transcribe the text.
    What is written in the image?
    Can you read the text?
    What does the sign say?
    Read the word."""), _lines("""What can you read here?
    Which word do you see?
    Please read the text.
    What text do you see?
    Which text is shown in the picture?
    Tell me what is written.
    Can you read it?
    What are the words in the image?
    Read out the text.
    What do the letters say?"""), _lines("""Please read what is written.
    Tell me what the text says.
    Which word is written in the picture?"""))
IS_TEXT = Wordings(["Is there any text?", "Is there text in the image?", "Does the image contain text?", "Do you see any text?",
                    "Is there a word in the image?"], ["Is anything written here?", "Can you see any words?", "Is there something to read?"],
                   ["Do you see any words in the picture?"])
WHICH_KIND = Wordings(["What {c} is this?", "Which {c} is shown?", "What kind of {c} do you see?", "What {c} is in the image?"],
                      ["Which {c} is this?", "Which kind of {c} is this?", "What {c} do you see?", "What {c} can you see?", "Name the {c}."],
                      ["Which {c} do you see in the picture?"])
KIND = Wordings(_lines("""What kind of thing is this?
    What type of thing is this?
    What kind of object is this?
    What category does this belong to?
    What sort of thing do you see?
    To what category does the object belong?"""), _lines("""What kind of thing do you see?
    Which category is this?
    What is the category of the object?
    What type of object is shown?
    What sort of thing is it?
    Is this an animal, a vehicle or something else?
    In general, what kind of thing is it?"""), _lines("""What sort of object is this?
    Which kind of thing is shown here?
    What type of thing do you see?"""))
OF_TWO_KINDS = Wordings(["Is this {a} or {b}?", "Is it {a} or {b}?", "Do you see {a} or {b}?"],
                        ["Which is it: {a} or {b}?", "Would you call it {a} or {b}?"], ["Is the object {a} or {b}?"])
WHICH_IS_KIND = Wordings(["Which of these is {a}?", "Which object is {a}?", "Which one is {a}?"], ["What here is {a}?", "Which thing is {a}?"],
                         ["Which of the objects is {a}?"])
ANIMALS = ["How many {p} do you see in all?", "How many {p} are there in total?"]
# Around a whole question. {q} is the question, {l} the same with a small first letter.
ONE_WORD = Wordings(_lines("""{q} Answer in one word.
    {q} Answer with one word.
    {q} One word only.
    In one word, {l}
    In one word: {l}
    {q} Use one word.
    {q} Reply with a single word."""), _lines("""{q} Just one word, please.
    {q} Keep it to one word.
    Answer in one word: {l}
    Answer in one word. {q}
    {q} Answer with a single word.
    {q} Give a one-word answer."""), _lines("""With one word: {l}
    {q} Please answer in one word.
    {q} A single word, please."""))
SHAPES_IN_ALL = Wordings(["How many shapes are there?", "Count the shapes.", "How many shapes do you see?"])
OBJECTS_IN_ALL = Wordings(["How many objects are there?", "Count the objects.", "How many objects do you see?", "How many things are in the image?"])
