"""The parameters as ROS sees them: declared with descriptors, and each change taken or refused with the reason."""

from __future__ import annotations

from collections.abc import Callable

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from mtdense_ros.errors import ConfigError
from mtdense_ros.parameters import SIZE_PATTERN, SPECS, Parameters, Spec, unknown_parameter

_FOREIGN = ("use_sim_time", "start_type_description_service", "qos_overrides.")
"""Parameters that rclpy declares on every node."""


class ParameterServer:
    """Declares every parameter on a node and keeps their checked values.

    The node must allow undeclared parameters and declare its overrides, so that unknown names in a parameters file are seen.
    `problems` lists what that file has wrong; such a parameter keeps its default until it is set right.
    """

    def __init__(self, node: Node, configured: Callable[[], bool], changed: Callable[[Parameters], None]) -> None:
        self.values = Parameters()
        self._configured = configured
        self._changed = changed
        self._refused = {name: unknown_parameter(name) for name in node.get_parameters_by_prefix("") if not _known(name)}
        for spec in reversed(list(SPECS.values())):  # each before those whose use depends on it: depth.camera_height, depth.max
            self._declare(node, spec)
        node.add_on_set_parameters_callback(self._on_set)

    @property
    def problems(self) -> list[str]:
        """What of the given values cannot be used, one message each."""
        return list(self._refused.values())

    @property
    def needs_restart(self) -> bool:
        """Whether only another file can mend it: a wrong name, or a parameter of the start; other values can be set right."""
        return any(name not in SPECS or SPECS[name].effect == "start" for name in self._refused)

    def _declare(self, node: Node, spec: Spec) -> None:
        value = spec.default
        if node.has_parameter(spec.name):
            given = node.get_parameter(spec.name).value
            node.undeclare_parameter(spec.name)
            try:
                self.values = self.values.updated({spec.name: given})
                value = spec.check(given)
            except ConfigError as error:
                self._refused[spec.name] = str(error)
        node.declare_parameter(spec.name, _ros_value(value), descriptor(spec), ignore_override=True)

    def _on_set(self, parameters: list[Parameter]) -> SetParametersResult:
        """rclpy passes what this raises on to whoever sets the parameter, so nothing is raised."""
        try:
            self._take({p.name: p.value for p in parameters if not p.name.startswith(_FOREIGN)})
        except Exception as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _take(self, given: dict[str, object]) -> None:
        values = self.values.updated(given)
        before, after = self.values.as_names(), values.as_names()
        for name in given:
            if after[name] != before[name]:
                self._check_moment(SPECS[name])
        self._changed(values)
        self.values = values
        for name in given:
            self._refused.pop(name, None)

    def _check_moment(self, spec: Spec) -> None:
        if spec.effect == "start":
            raise ConfigError(f"parameter {spec.name}: takes effect at start; give it in the parameters file or to the launch file")
        if spec.effect == "configure" and self._configured():
            raise ConfigError(f"parameter {spec.name}: takes effect at configure; deactivate and clean up the node, set it, configure")


def descriptor(spec: Spec) -> ParameterDescriptor:
    """What `ros2 param describe` and rqt show."""
    unit = f" [{spec.unit}]" if spec.unit else ""
    constraints = spec.allowed or ("WIDTHxHEIGHT, or nothing" if spec.pattern == SIZE_PATTERN else "")
    result = ParameterDescriptor(description=f"{spec.text}{unit}; takes effect at {spec.effect}", additional_constraints=constraints)
    result.read_only = spec.effect == "start"
    result.dynamic_typing = spec.kind == "string array"  # a single string is accepted too
    if spec.low is not None and spec.high is not None:
        if spec.kind == "int":
            result.integer_range = [IntegerRange(from_value=int(spec.low), to_value=int(spec.high), step=1)]
        else:
            result.floating_point_range = [FloatingPointRange(from_value=spec.low, to_value=spec.high, step=0.0)]
    return result


def _known(name: str) -> bool:
    return name in SPECS or name.startswith(_FOREIGN)


def _ros_value(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
