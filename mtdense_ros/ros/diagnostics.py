"""/diagnostics: one status of the frames' rate, ages and stage times, and one for each fault by its own name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from mtdense_ros.runtime.faults import FaultState


def diagnostics_message(
    stamp: Time, node_name: str, hardware_id: str, state: str, values: Mapping[str, str], faults: Iterable[FaultState]
) -> DiagnosticArray:
    """The array: "NODE: frames" with the lifecycle state and the values, then "NODE: FAULT" for each fault."""
    statuses = [_fault_status(node_name, hardware_id, fault) for fault in faults]
    worst = max((s.level for s in statuses), default=DiagnosticStatus.OK)
    active = [s.name.removeprefix(f"{node_name}: ") for s in statuses if s.level != DiagnosticStatus.OK]
    frames = DiagnosticStatus(
        level=worst,
        name=f"{node_name}: frames",
        hardware_id=hardware_id,
        message=f"{state}; {', '.join(active) or 'no fault'}",
        values=[KeyValue(key=key, value=value) for key, value in {"state": state, **values}.items()],
    )
    return DiagnosticArray(header=Header(stamp=stamp), status=[frames, *statuses])


def _fault_status(node_name: str, hardware_id: str, fault: FaultState) -> DiagnosticStatus:
    level = DiagnosticStatus.OK if not fault.active else DiagnosticStatus.ERROR if fault.error else DiagnosticStatus.WARN
    return DiagnosticStatus(
        level=level,
        name=f"{node_name}: {fault.name}",
        hardware_id=hardware_id,
        message=fault.message if fault.active else "OK",
        values=[KeyValue(key="count", value=str(fault.count))],
    )
