"""Weights with random values, and nodes that live as long as a test module."""

import pytest

SMALL = {"height": 96, "width": 128, "resize": "area", "multiple": 32, "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
METRIC = {"kind": "metric", "min_m": 0.01, "max_m": 50.0, "focal_px": 100.0}
TEXTS = {"metrics": (), "data": (), "licence": "CC0-1.0", "attribution": "", "commit": "", "command": "test"}


@pytest.fixture(scope="session")
def weights_folder(tmp_path_factory):
    """A folder with `everything`, a small mtdense of all outputs, `two_tasks`, a hydranet, `inverse_depth`, and `mdeas_small`."""
    torch = pytest.importorskip("torch")
    from mtdense_ros.models import create_model
    from mtdense_ros.weights import save_weights

    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    everything = create_model("mtdense", width=16, head_width=8, change_widths=(8, 8, 8, 8))
    common = {**TEXTS, "input": SMALL, "depth": METRIC}
    save_weights(
        folder / "everything", everything, {**common, "arch": "mtdense", "label_space": "indoor", "foreground": {"threshold": 0.5}}
    )
    hydranet = create_model("hydranet", num_classes=6, tasks=("labels", "depth"))
    save_weights(folder / "two_tasks", hydranet, {**common, "arch": "hydranet", "label_space": "indoor", "foreground": None})
    inverse = create_model("hydranet", num_classes=6, tasks=("labels", "depth"))
    of_inverse = {"label_space": "indoor", "depth": {"kind": "inverse"}, "foreground": None}
    save_weights(folder / "inverse_depth", inverse, {**common, "arch": "hydranet", **of_inverse})
    relative = {"label_space": None, "depth": {"kind": "relative"}, "foreground": {"threshold": 0.5}}
    save_weights(folder / "mdeas_small", create_model("mdeas"), {**common, "arch": "mdeas", **relative})
    return folder


@pytest.fixture(scope="module")
def start(tmp_path_factory, weights_folder):
    """Starts nodes, each in its own process and domain: start(**parameters) -> (NodeProcess, Client). All end with the module."""
    import harness

    running = []

    def run(parameters=None, remaps=("image:=/camera/image_raw",), wait_for="active", **options):
        domain = harness.new_domain()
        values = {
            "weights": "everything",
            "warm_up": "128x96",
            "threads": 1,
            "max_age": 0.0,
            "diagnostics.period": 0.1,
            "background.watch_rate": 0.0,  # these cameras show another random picture in every frame
            **(parameters or {}),
        }
        node = harness.NodeProcess(tmp_path_factory.mktemp("node"), domain, values, remaps, weights_folder, **options)
        running.append((node, None))
        client = harness.Client(domain)
        running[-1] = (node, client)
        if wait_for:
            client.wait_for_state(wait_for)
        return node, client

    yield run
    for node, client in reversed(running):
        if client is not None:
            client.close()
        node.stop()


@pytest.fixture(scope="module")
def running(start):
    """One node for the module, active, with random weights of all outputs."""
    return start()


@pytest.fixture(scope="module")
def client(running):
    """The client of the module's node."""
    return running[1]
