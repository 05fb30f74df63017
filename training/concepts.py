"""The things the model knows by name: 516 concepts in 17 categories, and how English speaks of them."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Concept:
    name: str
    category: str
    emoji: tuple[str, ...]  # labels of the emoji that show it, as emojibase has them


def load(path: Path = HERE / "concepts.txt") -> list[Concept]:
    concepts, category = [], ""
    for line in map(str.strip, path.read_text().splitlines()):
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            category = line[1:-1]
            continue
        name, _, emoji = line.partition("=")
        concepts.append(Concept(name, category, tuple((emoji or name).split("|"))))
    return concepts


# ---- names in sentences

_UNCOUNTED_FOOD = {"grapes", "cherries", "blueberries", "bread", "bacon", "butter", "garlic", "broccoli", "lettuce",
                   "popcorn", "sushi", "candy", "cheese"}
SOME = _UNCOUNTED_FOOD | {"footprints", "thread"}
_PROPER = {"Santa Claus": "Santa Claus", "Statue of Liberty": "the Statue of Liberty", "muscle": "a flexed muscle"}
UNCOUNTABLE = SOME | {"Santa Claus", "Statue of Liberty", "thumbs up", "muscle", "fire", "salad"}
_IRREGULAR = {
    "man": "men", "woman": "women", "mouse": "mice", "goose": "geese", "tooth": "teeth", "foot": "feet",
    "knife": "knives", "wolf": "wolves", "sheep": "sheep", "deer": "deer", "bison": "bison", "fish": "fish",
    "die": "dice", "scarf": "scarves", "leaf": "leaves", "tomato": "tomatoes", "potato": "potatoes",
    "volcano": "volcanoes", "mosquito": "mosquitoes", "mango": "mangoes", "cactus": "cacti", "squid": "squid",
    "octopus": "octopuses", "hippopotamus": "hippopotamuses", "blowfish": "blowfish", "jellyfish": "jellyfish",
    "bus": "buses", "lotus": "lotuses", "hibiscus": "hibiscuses", "jack-o-lantern": "jack-o-lanterns",
    "rhinoceros": "rhinoceroses", "moose": "moose", "shrimp": "shrimp", "box": "boxes", "SUV": "SUVs", "UFO": "UFOs",
    "CD": "CDs"}


def with_article(name: str) -> str:
    if name in _PROPER:
        return _PROPER[name]
    if name in SOME:
        return "some " + name
    if name.startswith(("U", "uni", "ukulele")):  # said with a "y"
        return "a " + name
    return ("an " if name[0].lower() in "aeiou" or name == "hourglass" else "a ") + name


def plural(name: str) -> str:
    phrase = re.match(r"^(\S+(?: \S+)*?) (of|with|and|in|on) (.*)$", name)
    if phrase:
        head, link, rest = phrase.groups()
        return f"{plural(head)} {link} {plural(rest) if link == 'and' else rest}"
    *before, last = name.split(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith(("s", "x", "ch", "sh", "z")):
        last += "es"
    elif last.endswith("y") and last[-2] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return " ".join(before + [last])


# ---- categories

# In "What {kind} is this?": the categories whose members nobody would place elsewhere.
KIND = {"animal": "animal", "plant": "plant", "fruit": "fruit", "vegetable": "vegetable", "food": "food",
        "drink": "drink", "vehicle": "vehicle", "building": "building", "clothing": "piece of clothing",
        "instrument": "musical instrument"}
# As the answer to "What kind of thing is this?".
KIND_ANSWER = {"animal": "an animal", "plant": "a plant", "fruit": "a fruit", "vegetable": "a vegetable",
               "food": "food", "drink": "a drink", "vehicle": "a vehicle", "building": "a building",
               "clothing": "clothing", "instrument": "a musical instrument", "device": "a device",
               "body": "a body part"}
KIND_PLURAL = {"animal": "animals", "plant": "plants", "fruit": "fruits", "vegetable": "vegetables",
               "drink": "drinks", "vehicle": "vehicles", "building": "buildings"}
_DOUBTFUL_KIND = {
    "bell", "megaphone", "microphone", "pair of headphones", "radio", "handbag", "purse", "backpack", "lipstick",
    "ring", "gem", "baby bottle", "teapot", "wheelchair", "satellite", "skateboard", "kick scooter", "footprints",
    "dragon", "unicorn", "dinosaur", "tent", "fountain", "carousel", "ferris wheel", "roller coaster", "heart",
    "broken heart", "abacus", "light bulb", "battery", "electric plug", "hourglass", "candy", "lollipop", "muscle",
    "mushroom", "tomato", "olive", "coconut", "avocado", "ear of corn", "honey pot", "floppy disk", "CD",
    "Statue of Liberty", "lotus", "clover", "maple leaf", "garlic", "egg", "butter", "thumbs up", "fist",
    "raised hand", "magnifying glass", "watch", "crown", "helmet", "umbrella"}


def clear_kind(concept: Concept) -> bool:
    """Whether everybody would name the same category for it."""
    return concept.category in KIND_ANSWER and concept.name not in _DOUBTFUL_KIND


# Things that are easily taken for each other: what a careful "no" is practised on.
LOOKALIKES = [
    "dog poodle wolf fox cat", "cat tiger lion leopard raccoon", "horse donkey zebra unicorn moose", "cow bison goat ram sheep",
    "deer moose llama camel giraffe", "mouse rat hamster chipmunk beaver hedgehog", "rabbit mouse kangaroo",
    "bear panda koala polar_bear sloth", "otter skunk badger beaver seal", "chicken rooster turkey chick duck goose",
    "bird dove eagle parrot owl", "swan goose duck flamingo", "crocodile lizard turtle snake frog dragon dinosaur",
    "whale dolphin seal shark fish", "fish blowfish shark dolphin", "octopus squid jellyfish", "crab lobster shrimp scorpion spider",
    "ant bee ladybug cockroach mosquito butterfly", "caterpillar worm snake snail", "rose tulip hibiscus sunflower lotus cherry_blossom bouquet",
    "pine_tree tree palm_tree Christmas_tree cactus", "seedling potted_plant clover maple_leaf", "lemon banana mango pear melon",
    "apple peach tomato cherries strawberry tangerine", "watermelon melon kiwi", "grapes blueberries", "onion garlic potato egg",
    "cucumber eggplant bell_pepper chili_pepper carrot", "lettuce broccoli salad", "bread croissant baguette bagel pretzel doughnut",
    "cookie pie pizza stack_of_pancakes", "hamburger sandwich hot_dog taco burrito", "bowl_of_rice bowl_of_noodles salad plate_of_spaghetti",
    "ice_cream ice_cream_cone cupcake lollipop", "birthday_cake piece_of_cake pie cupcake", "glass_of_wine cocktail glass_of_milk tropical_drink mug_of_beer",
    "cup_of_coffee teapot mug_of_beer bubble_tea cup_with_a_straw", "steam_train bullet_train train tram bus", "bus ambulance fire_truck delivery_truck truck",
    "car taxi police_car SUV pickup_truck race_car", "motorcycle scooter bicycle kick_scooter", "sailboat canoe speedboat ship",
    "airplane helicopter rocket UFO", "house office_building hospital hotel school", "church mosque castle", "mountain volcano tent",
    "sun star full_moon planet", "crescent_moon banana", "soccer_ball baseball basketball volleyball tennis_ball bowling_ball",
    "trophy medal", "violin guitar banjo", "trumpet saxophone flute", "pair_of_glasses pair_of_sunglasses pair_of_goggles",
    "t-shirt coat dress lab_coat blouse", "shoe sneaker boot hiking_boot high_heel flip-flop", "sun_hat top_hat cap helmet crown graduation_cap",
    "phone telephone radio", "laptop desktop_computer television keyboard", "camera video_camera movie_camera", "microscope telescope",
    "watch alarm_clock stopwatch hourglass", "book open_book notebook stack_of_books newspaper", "pencil pen fountain_pen crayon paintbrush",
    "lock open_lock key", "hammer axe pickaxe wrench screwdriver saw", "knife dagger pair_of_scissors", "fork_and_knife spoon knife",
    "bed couch chair", "toilet bathtub shower", "envelope postbox mailbox package", "smiling_face laughing_face winking_face surprised_face",
    "sad_face crying_face angry_face", "man woman old_man old_woman boy girl", "ghost alien robot skull clown", "fist raised_hand thumbs_up foot",
    "gift package suitcase briefcase", "balloon lollipop candy", "candle light_bulb flashlight", "bucket basket trash_can barrel"]


def lookalikes(concepts: list[Concept]) -> list[list[int]]:
    """For each concept the indices of those it is easily taken for."""
    index = {concept.name: number for number, concept in enumerate(concepts)}
    like: list[set[int]] = [set() for _ in concepts]
    for line in LOOKALIKES:
        members = [index[name.replace("_", " ")] for name in line.split()]
        for member in members:
            like[member] |= set(members) - {member}
    return [sorted(each) for each in like]
