"""A furniture library of a few boxes, as tests write it."""

import zipfile

import cv2
import numpy as np

CUBE = "\n".join(f"v {x} {y} {z}" for x in (0, 2) for y in (0, 4) for z in (0, 6))
FACES = "f 1/1 2/2 4/3 3/4\nf 5/1 7/2 8/3 6/4\nf 1//1 5//1 6//1 2//1\nusemtl front\nf -8 -6 -2 -4\nf 2 6 8 4\nf 3 4 8 7"
OBJ = f"mtllib box.mtl\n{CUBE}\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvn 0 -1 0\nusemtl body\n{FACES}\n"
MTL = "newmtl body\nKd 0.5 0.25 1\nmap_Kd skin.png\nnewmtl front\nKd 0 1 0\nd 0.9\nnewmtl glass\nd 0.05\n"


def write_library(path, name, models, licence="Creative Commons Attribution 3.0 license", **fields):
    """models: (key, name, category, (width, depth, height) in cm); fields: of every model, such as modelRotation."""
    lines = ["# a comment = no entry", f"name={name}", f"license={licence}"]
    for n, (key, title, category, (width, depth, height)) in enumerate(models, 1):
        values = {"name": title, "category": category, "model": f"/tiny/{key}/box.obj", "creator": "J\\u00f6", "doorOrWindow": "false"}
        values |= {"width": width, "depth": depth, "height": height} | fields
        lines += [f"{field}#{n}={value}" for field, value in values.items()]
    picture = cv2.imencode(".png", np.full((4, 4, 3), (0, 0, 255), np.uint8))[1].tobytes()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("PluginFurnitureCatalog.properties", "\n".join(lines))
        for key, *_ in models:
            for member, content in (("box.obj", OBJ), ("box.mtl", MTL), ("skin.png", picture)):
                file.writestr(f"tiny/{key}/{member}", content)
