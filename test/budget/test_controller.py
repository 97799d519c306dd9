"""The budget's controller against simulated machines: it converges, follows the load, and does not flap."""

import random

import pytest

from mtdense_ros.budget.controller import FEWEST, PATIENCE_S, Controller
from mtdense_ros.budget.costs import Costs, Sample, Targets
from mtdense_ros.budget.quality_levels import QualityLevel, Setting, Situation

EVERYTHING = Situation(
    labels=True, normals=True, exact_labels=True, precision="bf16", fractions=(0.75, 0.5), latency=True, rate=False
)  # fmt: skip


class Machine:
    """A worker that always takes the newest frame of a camera. `slowdown(time)` multiplies all work; bf16: its network time."""

    def __init__(self, controller, network=60.0, rest=10.0, fps=30.0, slowdown=lambda t: 1.0, noise=0.05, bf16=0.55, seed=0):
        self.controller, self.network, self.rest, self.period = controller, network, rest, 1.0 / fps
        self.slowdown, self.noise, self.bf16 = slowdown, noise, bf16
        self.random = random.Random(seed)
        self.now = 0.0
        self.frames = 0
        self.changes = []

    def costs_of(self, setting):
        """(network, rest) in ms of one frame."""
        network = self.network * setting.fraction**2 * (self.bf16 if setting.precision else 1.0)
        heads = 0.2 * network  # labels 0.1, normals 0.1
        if setting.every > 1:
            turn = self.frames % setting.every
            network -= heads - (0.1 * network if turn < 2 else 0.0)
        return network, self.rest * (0.85 if setting.fast_labels else 1.0)

    def run(self, seconds):
        end = self.now + seconds
        while self.now < end:
            self.frame()
        return self

    def frame(self):
        sequence = int(self.now / self.period)
        arrived = sequence * self.period
        if sequence == getattr(self, "last", -1):  # nothing new: wait for the next
            sequence, arrived = sequence + 1, (sequence + 1) * self.period
            self.now = arrived
        self.last = sequence
        network, rest = self.costs_of(self.controller.setting)
        factor = self.slowdown(self.now) * max(0.5, self.random.gauss(1.0, self.noise))
        self.now += (network + rest) * factor / 1e3
        self.frames += 1
        sample = Sample(arrived, self.now, sequence, (network + rest) * factor, network * factor)
        if self.controller.feed(sample):
            self.changes.append((self.now, self.controller.setting))

    def latency(self, seconds=5.0):
        """The p90 of the next frames, as the controller measures it."""
        self.run(seconds)
        return self.controller.costs.latency


def machine(latency=0.0, rate=0.0, situation=EVERYTHING, **more):
    targets = Targets(latency, rate)
    return Machine(Controller(targets, situation.levels()), **more)


def test_a_budget_that_is_kept_costs_nothing():
    m = machine(latency=120.0).run(60)
    assert m.changes == [] and m.controller.setting == Setting() and not m.controller.over


def test_the_first_step_down_comes_within_a_second():
    m = machine(latency=50.0).run(1.0)
    assert m.changes and m.changes[0][0] < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("seed", (0, 1))
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.15])
@pytest.mark.parametrize("budget", [15.0, 30.0, 60.0])
def test_it_converges_and_does_not_flap(budget, noise, seed):
    m = machine(latency=budget, noise=noise, seed=seed).run(100)
    settled = len(m.changes)
    m.run(150)
    assert settled <= 12, m.changes
    assert len(m.changes) - settled <= 2, m.changes[settled:]
    assert m.controller.over == (m.controller.costs.latency > budget) or noise > 0.1


@pytest.mark.parametrize("budget", [20.0, 30.0, 45.0, 60.0])
def test_what_it_settles_on_keeps_the_budget_and_nothing_needless_is_given_up(budget):
    m = machine(latency=budget).run(300)
    assert m.controller.costs.latency <= budget
    if m.controller.position:
        less = Setting.of(m.controller.levels[: m.controller.position - 1])
        better = Machine(Controller(Targets(1e6), ()), seed=3)
        better.costs_of = lambda _: m.costs_of(less)
        assert better.latency() > 0.8 * budget


def test_a_machine_twice_as_slow_gives_up_more():
    fast, slow = (machine(latency=60.0, slowdown=lambda t, f=f: f).run(200) for f in (1.0, 2.0))
    assert slow.controller.position > fast.controller.position
    assert slow.controller.costs.latency <= 60.0


def test_a_load_that_passes_is_followed_and_all_comes_back():
    m = machine(latency=120.0, slowdown=lambda t: 3.0 if 20 < t < 40 else 1.0)
    m.run(20)
    assert m.changes == []
    m.run(19)
    assert m.controller.position > 0 and m.controller.costs.latency <= 120.0
    m.run(120)
    assert m.controller.setting == Setting()


def test_a_load_that_comes_and_goes_makes_it_wait_longer_and_longer():
    m = machine(latency=120.0, slowdown=lambda t: 3.0 if t % 12 < 4 else 1.0).run(700)
    late = [at for at, _ in m.changes if at > 350]
    assert len(late) <= 12, late


def test_single_stalls_are_no_reason():
    m = machine(latency=120.0, slowdown=lambda t: 8.0 if t % 3 < 0.05 else 1.0).run(120)
    assert m.changes == []


def test_a_number_format_that_is_slower_here_is_dropped_at_once():
    m = machine(latency=50.0, bf16=2.0).run(60)
    used = [setting.precision for _, setting in m.changes]
    assert "bf16" in used and m.controller.setting.precision == ""
    assert m.changes[used.index("bf16") + 1][1].precision == ""
    assert m.controller.costs.latency <= 50.0
    m.run(200)
    assert [s.precision for _, s in m.changes].count("bf16") == 1


def test_a_number_format_is_tried_alone():
    situation = Situation(labels=True, exact_labels=True, precision="bf16", latency=True)
    m = machine(latency=2.0, situation=situation).run(10)
    assert [setting for _, setting in m.changes] == [Setting(True), Setting(True, "bf16")]


def test_a_number_format_is_not_blamed_for_a_load_that_came_meanwhile():
    m = machine(latency=60.0, slowdown=lambda t: 1.0 if t < 0.9 else 2.5).run(60)
    assert m.controller.setting.precision == "bf16"


def test_without_hope_all_is_given_up_and_it_says_so():
    m = machine(latency=2.0).run(10)
    assert m.controller.over and m.controller.setting == Setting(True, "bf16", 2, 0.5)
    m.controller.aim(Targets(150.0), EVERYTHING.levels())
    m.run(120)
    assert not m.controller.over and m.controller.setting == Setting()


def test_nothing_to_give_up_is_over_budget_too():
    m = machine(latency=30.0, situation=Situation(latency=True)).run(5)
    assert m.controller.over and m.changes == []


def test_a_rate_is_kept():
    situation = Situation(labels=True, normals=True, exact_labels=True, fractions=(0.75, 0.5), rate=True)
    m = machine(rate=20.0, situation=situation).run(120)
    assert m.controller.costs.rate_hz >= 20.0 and not m.controller.over


def test_no_more_frames_are_asked_for_than_the_camera_sends():
    m = machine(rate=30.0, fps=10.0).run(60)
    assert m.changes == [] and m.controller.costs.rate_hz == pytest.approx(10.0, rel=0.02)


def test_other_concessions_keep_what_is_given_up_already():
    steps = EVERYTHING.levels()
    controller = Controller(Targets(10.0), steps)
    controller.position = 4
    controller.aim(Targets(20.0), tuple(c for c in steps if c.kind != "upsampling"))
    assert controller.setting == Setting(False, "bf16", 2, 0.75)
    controller.forbid(QualityLevel("precision", precision="bf16"))
    assert controller.setting == Setting(False, "", 2, 0.75)
    controller.aim(Targets(10.0), steps)
    assert all(c.kind != "precision" for c in controller.levels), "what cannot be had is not tried again"


def sample(at, work, network=0.0, sequence=0, published=True):
    return Sample(at, at + work / 1e3, sequence, work, network, published)


def test_costs_by_hand():
    costs = Costs.of([sample(0.1 * i, 10.0 * (1 + i), 5.0 * (1 + i), 3 * i) for i in range(10)])  # 10 .. 100 ms
    assert (costs.latency, costs.slow_work) == (pytest.approx(90.0), 90.0)
    assert costs.work == pytest.approx((sum(range(10, 100, 10)) + 90) / 10)  # the slowest counts as the p90
    assert costs.network_share == pytest.approx(0.5) and costs.network_over_rest == pytest.approx(1.0)
    assert costs.period == pytest.approx(100.0 / 3)


def test_frames_without_outputs_have_no_latency_but_cost_time():
    costs = Costs.of([sample(i, 20.0 if i % 3 == 0 else 2.0, published=i % 3 == 0) for i in range(12)])
    assert costs.latency == pytest.approx(20.0) and costs.work == pytest.approx(8.0)


def test_waiting_for_frames_of_other_cameras_takes_as_long_as_their_work():
    costs = Costs(latency=70.0, slow_work=24.0, work=20.0, network_share=0.8, period=50.0)
    assert costs.at(0.5).latency == pytest.approx(35.0)
    assert costs.at(2.0).latency == pytest.approx(140.0)


def test_waiting_ends_when_the_work_fits_between_two_frames_and_begins_when_not():
    costs = Costs(latency=70.0, slow_work=44.0, work=40.0, network_share=0.8, period=33.0)
    assert costs.at(0.5).latency == pytest.approx(22.0)
    assert costs.at(1.5).latency == pytest.approx(66.0 + 26.0)
    assert costs.at(0.5).at(2.0).latency == pytest.approx(44.0 + 0.9 * 33.0)


@pytest.mark.parametrize(
    ("targets", "load"),
    [(Targets(), 0.0), (Targets(35.0), 2.0), (Targets(0.0, 50.0), 40 / 33), (Targets(0.0, 20.0), 0.8), (Targets(140.0, 20.0), 0.8)],
)
def test_load_by_hand(targets, load):
    costs = Costs(latency=70.0, slow_work=44.0, work=40.0, network_share=0.8, period=33.0)
    assert targets.load(costs) == pytest.approx(load)


def test_only_what_helps_is_given_up():
    def kinds(**of):
        return [(c.kind, c.every) if c.kind == "every" else c.kind for c in Situation(**of).levels()]

    assert kinds(labels=True, latency=True) == []
    assert kinds(exact_labels=True, latency=True) == ["upsampling"]
    assert kinds(labels=True, normals=True, latency=True) == [("every", 2)]
    assert kinds(normals=True, latency=True) == []
    assert kinds(normals=True, rate=True) == [("every", 2), ("every", 3)]
    assert kinds(precision="bf16", rate=True, fractions=(0.75, 0.5)) == ["precision", "size", "size"]


def test_decisions_rest_on_enough_frames_of_the_present_setting():
    controller = Controller(Targets(10.0), EVERYTHING.levels())
    fed = [controller.feed(sample(0.1 * i, 100.0, 80.0, i)) for i in range(FEWEST)]
    assert fed == [False] * (FEWEST - 1) + [True]
    assert PATIENCE_S > 1
