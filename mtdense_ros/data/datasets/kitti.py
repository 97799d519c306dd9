"""KITTI: depth from the annotated depth maps and the raw pictures, and the six-class labels of HydraNet.

Depth, as unpacked from data_depth_annotated and the raw recordings (their folder may stand in `raw`):

    train/2011_09_26_drive_0001_sync/proj_depth/groundtruth/image_02/0000000005.png      256 to the metre, 0 unknown
    2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000005.png                   or image_02 in the drive's folder above
    2011_09_26/calib_cam_to_cam.txt                                                      P_rect_02; or P2 of calib.txt there

Labels of Ros et al. (2015), colours of CamVid's eleven classes: `Training_00/RGB`, `Training_00/GT`, `Validation_07/RGB`, ...
"""

from __future__ import annotations

from pathlib import Path

from mtdense_ros.data.dataset import Source
from mtdense_ros.data.datasets.files import files_by_key, read_plane, read_rgb, refuse_unpaired
from mtdense_ros.data.datasets.intrinsics import kitti_projection
from mtdense_ros.data.datasets.units import Colour, colour_ids, metres
from mtdense_ros.data.sample import Sample
from mtdense_ros.datatypes import UNLABELLED
from mtdense_ros.errors import InputError, known_names
from mtdense_ros.imaging.label_spaces import label_mapping, load_label_space

DEPTH_PER_METRE = 256.0

_GROUPS = {"train": "Training_*", "val": "Validation_*"}
_CALIBRATIONS = (("calib_cam_to_cam.txt", "P_rect_02"), ("calib.txt", "P2"))


def open_kitti(root: Path, split: str = "") -> Source:
    """The reader for what the folder holds: labels where it has Training_* or Validation_*, depth otherwise."""
    labelled = any(next(root.glob(group), None) for group in _GROUPS.values())
    return KittiLabelsSource(root, split) if labelled else KittiDepthSource(root, split)


class KittiDepthSource:
    """Pictures of the left colour camera that have an annotated depth map; split: "train" or "val", all drives when empty.

    Raises InputError, naming the file or the folder, where a depth map has no picture, or nothing is found.
    """

    targets: tuple[str, ...] = ("depth",)
    licence = "CC-BY-NC-SA-3.0"
    label_space: str | None = None
    depth_kind: str | None = "metric"

    def __init__(self, root: Path, split: str = "") -> None:
        self.name = root.name + (f"@{split}" if split else "")
        below = "proj_depth/groundtruth/image_02"
        folders = sorted(root.glob(f"{split or '*'}/*/{below}"))
        if not folders:
            raise InputError(f"{root}: no {split or 'train'}/DRIVE/{below} there; unpack data_depth_annotated into it")
        self._pairs: list[tuple[Path, Path]] = []
        for folder in folders:
            self._pairs += _pairs(root, folder, drive=folder.parents[2])
        self._calibrations = {drive: _calibration(drive) for drive in {_drive(picture) for picture, _ in self._pairs}}

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> Sample:
        picture, depth = self._pairs[index]
        image = read_rgb(picture)
        drive = _drive(picture)
        calibration = self._calibrations[drive]
        return Sample(
            image=image,
            depth=metres(read_plane(depth), DEPTH_PER_METRE),
            intrinsics=None if calibration is None else kitti_projection(*calibration, image.shape[1], image.shape[0]),
            name=f"{self.name}/{drive.name}/{picture.stem}",
        )


class KittiLabelsSource:
    """The labels of Ros et al. as kitti6: of CamVid's eleven classes those without a counterpart, and black, become 255.

    split: "train" or "val", both when empty. Raises InputError, naming the file.
    """

    targets: tuple[str, ...] = ("labels",)
    licence = "unknown"
    label_space: str | None = "kitti6"
    depth_kind: str | None = None

    def __init__(self, root: Path, split: str = "") -> None:
        if split and split not in _GROUPS:
            raise InputError(f"{root}: no split '{split}'; {known_names(split, _GROUPS)}")
        self.name = root.name + (f"@{split}" if split else "")
        groups = [_GROUPS[split]] if split else list(_GROUPS.values())
        folders = [folder for group in groups for folder in sorted(root.glob(group))]
        if not folders:
            raise InputError(f"{root}: no {' or '.join(groups)} there; give the folder that holds them")
        self._pairs: list[tuple[Path, Path]] = []
        for folder in folders:
            pictures, labels = files_by_key(folder, "RGB/*.png"), files_by_key(folder, "GT/*.png")
            refuse_unpaired(labels, pictures)
            self._pairs += [(pictures[key], path) for key, path in labels.items()]
        self._colours = _colours_of_six()

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, index: int) -> Sample:
        picture, labels = self._pairs[index]
        name = f"{self.name}/{picture.parents[1].name}/{picture.stem}"
        return Sample(image=read_rgb(picture), labels=colour_ids(read_rgb(labels), self._colours, str(labels)), name=name)


def _pairs(root: Path, depths: Path, drive: Path) -> list[tuple[Path, Path]]:
    """(picture, depth map) of a drive's depth maps; the first and last pictures of a drive have none, and are left out."""
    date = drive.name[:10]
    places = [place / "image_02" / "data" for place in (drive, root / date / drive.name, root / "raw" / date / drive.name)]
    raw = next((place for place in places if place.is_dir()), None)
    if raw is None:
        raise InputError(f"{depths}: its pictures are in none of {', '.join(map(str, places))}; unpack the raw recording there")
    pictures = {path.stem: path for path in sorted(raw.iterdir())}
    maps = files_by_key(depths, "*.png")
    refuse_unpaired(maps, pictures)
    return [(pictures[key], path) for key, path in maps.items()]


def _drive(picture: Path) -> Path:
    return picture.parents[2]


def _calibration(drive: Path) -> tuple[Path, str] | None:
    """The calibration file of a drive and its key, in the drive's folder or the one above."""
    found = [(folder / name, key) for folder in (drive, drive.parent) for name, key in _CALIBRATIONS]
    return next(((path, key) for path, key in found if path.exists()), None)


def _colours_of_six() -> dict[Colour, int]:
    to_six = label_mapping("camvid11", "kitti6")
    return {(0, 0, 0): UNLABELLED, **{c.color: int(to_six[c.id]) for c in load_label_space("camvid11").classes}}
