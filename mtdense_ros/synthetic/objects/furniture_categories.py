"""What the models of furniture libraries are: a category from a model's name, group and size; what no rule knows is left out."""

from __future__ import annotations

import re

from mtdense_ros.synthetic.objects.furniture_library import Entry
from mtdense_ros.synthetic.rendering.scene import DOOR, FLOOR, FURNITURE, OBJECT, OTHER, PERSON

LABELS: dict[str, int] = {
    **dict.fromkeys(
        (
            *("bed", "cot", "nightstand", "wardrobe", "dresser", "desk", "office chair", "chair", "stool", "bench", "armchair", "sofa"),
            *("pouf", "coffee table", "table", "game table", "round table", "bookcase", "cabinet", "tv stand", "chest", "piano"),
            *("kitchen base", "kitchen sink", "kitchen wall", "island", "fridge", "cooker", "oven", "hood", "washer", "vanity"),
            *("shelves", "workbench", "filing cabinet", "deck chair", "changing table", "crib chair", "hob"),
        ),
        FURNITURE,
    ),
    **dict.fromkeys(
        (
            *("bath", "shower", "toilet", "bidet", "washbasin", "urinal", "radiator", "towel rack", "fireplace", "whiteboard", "screen"),
            *("floor lamp", "table lamp", "ceiling lamp", "wall lamp", "floor plant", "table plant", "tv", "wall tv", "computer"),
            *("kitchen thing", "bath thing", "office thing", "small thing", "toy", "food", "electronics", "clothes", "shoes", "bag"),
            *("floor thing", "tool", "box", "bin", "pet", "sport", "appliance", "large appliance", "wall thing", "switch", "clothes rack"),
            *("heater", "hanging clothes", "partition", "aquarium", "ladder", "bicycle", "fan"),
        ),
        OBJECT,
    ),
    **dict.fromkeys(("person standing", "person sitting", "person lying", "person on floor"), PERSON),
    **dict.fromkeys(("rug", "mat"), FLOOR),
    **dict.fromkeys(("curtain", "window", "picture", "blind"), OTHER),
    "door": DOOR,
}
"""Category -> label id. Where furniture ends follows NYUv2's 13 classes: ceramics, lamps, plants and screens are objects."""

_RULES: tuple[tuple[str, str], ...] = (
    # Whatever is not for indoors, too large, or needs a wall of its own that rooms do not have.
    ("", r"sedan|car$|truck|bus$|van$|suv|focus|peugeot|renault|seat leon|chevrolet|beetle|yamaha|fork lift|motorbike|rail|parking"),
    ("", r"swimming|diving|goal|swing|hut|tent|barnum|hammock|children game|dog house|fountain|rowboat|container|mower|escalator"),
    ("", r"crossing|arrow |sidewalk|column|lamppost|street|park light|garage|staircase|elevator|chimney|fence|hedge|horse$|snowman|rock$"),
    ("", r"pine|palm|acacia|poplar|cypress|beech|maple|coconut|peach blossom|bush$|mannequin|wood bank|little bank|basketball net"),
    ("", r"jacuzzi|sandpit|trampoline|seesaw|umbrella|furnace|gaz|external unit|shower door|curb|railing|stall|island bath$|lantern"),
    ("", r"hospital|mezzanine|letters box|mailbox|faucet$|dart|ring$|hanger$|slide|fitness|lot$|wheelbarrow|scooter$|chicken$|hydrant"),
    # People and animals.
    ("person sitting", r"^sitting (male|female|boy)"),
    ("person on floor", r"^sitting girl"),
    ("person lying", r"^lying down"),
    ("person standing", r"^(holding )?(male|female)$|^(boy|girl)$"),
    ("pet", r"^(cat|dog|siamese cat|bulldog|rabbit)$"),
    # Doors, windows, cloth.
    ("door", r"\bdoor$|glass door$|double door"),
    ("window", r"window$|french window|window with|window \d|window small|double window"),
    ("curtain", r"^curtain$"),
    ("blind", r"blind"),
    ("rug", r"rug$|carpet$|^tatami$"),
    ("mat", r"bathmat|doormat"),
    ("picture", r"^frame "),
    # Beds and what stands around them.
    ("cot", r"^crib|baby bed"),
    ("bed", r"\bbed$|^futon$|opened convertible"),
    ("nightstand", r"bedside"),
    ("changing table", r"changing table"),
    ("wardrobe", r"wardrobe"),
    ("dresser", r"dresser|dressing table"),
    ("clothes rack", r"clothes rack|clothes horse"),
    ("hanging clothes", r"^hanging clothes|^suit$"),
    ("shoes", r"slippers|sneakers|shoes|mocassin|bootie"),
    ("clothes", r"folded clothes|^dress$|^short$|trousers|^jacket$|^skirt$|^cap$|^hat$|helmet|^glove$|^socket$"),
    # Seats.
    ("sofa", r"sofa|couch"),
    ("armchair", r"armchair|relax chair|ottoman|ryokan"),
    ("pouf", r"^puff"),
    ("crib chair", r"high chair"),
    ("deck chair", r"deck chair|lounge|beach chair|teck chair"),
    ("stool", r"stool|bar chair|piano bench"),
    ("bench", r"bench$"),
    ("chair", r"chair|seat$|^osaka|thonet"),
    # Tables.
    ("game table", r"pool table|football table|^table tennis$|flipper"),
    ("coffee table", r"coffee table"),
    ("bath thing", r"^bottle$|^brush$|comb|soap|sponge|toilet brush|toilet paper|medicine|cosmetics|flacon|lip stick|potty"),
    ("round table", r"round table|bar table"),
    ("desk", r"desk$|technical table|desk table"),
    ("table", r"table$|table with table|table on|wooden (alder |teak )?table"),
    # Storage.
    ("tv stand", r"tv stand|television cabinet"),
    ("filing cabinet", r"filing|^safe$|locker"),
    ("bookcase", r"bookcase|vertical shelves|contemporary living"),
    ("kitchen wall", r"upper|^glass door cabinet"),
    ("kitchen sink", r"sink cabinet|^sink$"),
    ("kitchen base", r"\blower|drawers cabinet|high cabinet"),
    ("island", r"^island"),
    ("shelves", r"shelves"),
    ("cabinet", r"cupboard|cabinet"),
    ("workbench", r"workbench"),
    ("chest", r"^chest$|trunck"),
    ("piano", r"piano"),
    # Kitchen and household machines.
    ("fridge", r"fridge|refrigerator|freezer"),
    ("cooker", r"large stove|propane stove"),
    ("hob", r"cooktop|induction|^stove$"),
    ("oven", r"^oven$|double oven"),
    ("hood", r"hood$"),
    ("washer", r"washing|dryer"),
    ("heater", r"water heater|^boiler$"),
    # Bathroom.
    ("vanity", r"vanity"),
    ("washbasin", r"washbasin|lavatory"),
    ("bath", r"bath$|bathtub|basin$"),
    ("toilet", r"toilets unit"),
    ("bidet", r"bidet"),
    ("urinal", r"urinal"),
    ("shower", r"shower head"),
    ("radiator", r"radiator"),
    ("towel rack", r"towel rack"),
    ("bin", r"dustbin|trash|recycling|clothes basket|shopping basket"),
    # Lamps, plants, screens, machines.
    ("wall lamp", r"wall light|wall lamp|spotlight|porch light|outdoor lamp"),
    ("ceiling lamp", r"ceiling lamp|fluorescent|hanging light|pendant|chandelier|track light|ceiling fan"),
    ("table lamp", r"desk lamp|little lamp|^lamp$|vase lamp|camping lamp|candle"),
    ("fan", r"\bfan$"),
    ("plant", r"plant$|tree$|ficus|yucca|bamboo|orchid|tulip|lily|cactus|flower|spathi|plant box"),
    ("wall tv", r"wall flat tv"),
    ("tv", r"^tv$|^tv \d|imac"),
    ("computer", r"laptop|ibook"),
    ("aquarium", r"aquarium"),
    ("whiteboard", r"white board"),
    ("partition", r"^screen$"),
    ("fireplace", r"fireplace"),
    ("large appliance", r"water cooler"),
    ("electronics", r"dvd|amplifier|stereo|speaker|playstation|radio|printer|projector|\bphone$|tablet|camera$|remote|joystick|mp3|iphone"),
    ("electronics", r"headphones|keyboard$|station$|cctv|mobile"),
    # Things.
    ("appliance", r"microwave|toaster|blender|mixer|coffee (maker|machine|brewer)|cooker|small oven|fryer|sandwich maker|grill|scale"),
    ("food", r"apples|cake|bread$|fruits|salad|hamburger|hot dog|steak|fries|butter|milk|yogurt|sushi|roasted|sugar|salt|cup cake"),
    ("kitchen thing", r"bowl|glass$|plate|mug|cup|bottle|kettle|pan$|knife|fork$|spoon|teapot|tray$|jar|pottery|tool$|chopping|utensils"),
    ("kitchen thing", r"oil servers|press|paper towel|spice|squeezer|creamer|ashtray|hashtray|bread box|coffee"),
    ("towel", r"^towel$"),
    ("office thing", r"pencil|penbox|scissors|stapler|text marker|ruler|calendar|letter tray|^tape$|bill 1|newspaper|^book$|keys"),
    ("toy", r"biplane|puzzle|teddy|^doll$|doll house|car model|wood toy|toy|rubik|chess|ball$|xylophone|card game|deer|rocking"),
    ("sport", r"racket|skateboard|guitar|punching|indoor bike|bat$|abdominal|treadmill"),
    ("bag", r"backpack|handbag|briefcase|suitcase"),
    ("bicycle", r"bicycle|^bike$|tricycle|stroller|wheelchair"),
    ("tool", r"hammer|drill|grinder|screwdriver|pliers|saw$|tape measure|flashlight"),
    ("ladder", r"ladder"),
    ("floor thing", r"broom|shovel|barrel|^cone$|extinguisher|wood logs|hose|pallet|air mattress|sleeping bag|spray|basin"),
    ("box", r"box$|crate|gift"),
    ("switch", r"switch|plug|socket|thermo|intercom|smoke|emergency|internal unit|number lock|dimmer"),
    ("wall thing", r"cuckoo"),
    ("small thing", r"vase|clock|glasses$|watch|sunglass"),
)
"""(category, pattern of the lower-case name), the first match wins; "" leaves a model out."""

_BY_KEY = {
    key: category
    for category, keys in {
        "cabinet": "box_room office_box",
        "bookcase": "dining_room office_furniture1",
        "chest": "box",
        "box": "ammoBox",
        "vanity": "bathroom1 modernVanity",
        "floor lamp": "living_lamp",
        "coffee table": "living_room_table rattanTable",
        "": (
            "showerCurtain ext_table ext_chair kitchenTools concrete-bench screen-door horse2 table_tennis islandBath elevator-door "
            "window-shutter table_football basin childSwing mofx_mailbox child_swing outdoorLamp umbrellaFolded wire-coathanger "
            "smart-car casque"
        ),
        "deck chair": "relaxChair",
        "bath thing": "towel towel2 com_bath3_toalla com_bath2_jabon_pijo comb",
        "kitchen thing": "boiler beer_bottle espressokettle",
        "small thing": "montre-with-pose",
        "bed": "captains-bed iron_bed",
        "sofa": "day_bed_frame",
        "ceiling lamp": "lamp2",
        "workbench": "workbench",
        "appliance": "cooker coffee_machine",
        "electronics": "speaker2",
        "piano": "pianoAQueue",
        "shower": "showerStall",
        "toy": "basketball",
        "tool": "flashlight",
        "person lying": "boyLying",
        "person sitting": "girlSittingTable",
        "person on floor": "girlSittingGround sitFemale02",
        "office chair": "office_chair office-chair kids_desk_chair",
        "armchair": "armchair",
        "switch": "internal-unity-air-conditioning",
        "hanging clothes": "hanging-clothes1 hanging-clothes2",
    }.items()
    for key in keys.split()
}
"""Models whose names say too little, or too much."""

_LARGEST = {"kitchen thing": 0.6, "food": 0.5, "office thing": 0.5, "small thing": 0.6, "toy": 1.0, "electronics": 0.9, "tool": 0.7}
"""Greatest believable extent in metres of a category."""

_HUGE = 4.0


def category_of(entry: Entry) -> str | None:
    """The category of a model, a key of LABELS; None for what is left out."""
    name = entry.name.lower()
    known = _BY_KEY.get(entry.key)
    if known is None:
        known = next((category for category, pattern in _RULES if re.search(pattern, name)), "")
    if known == "plant":
        known = "floor plant" if entry.size[2] > 0.56 else "table plant"
    if known == "table lamp" and entry.size[2] > 0.9:
        known = "floor lamp"
    if known == "chair" and entry.group == "Office":
        known = "office chair"
    if known == "table" and entry.size[2] < 0.56:
        known = "coffee table"
    if not known or known not in LABELS or max(entry.size) > min(_LARGEST.get(known, _HUGE), _HUGE):
        return None
    return known
