"""/diagnostics: one status of the frames' rate, ages and stage times, and one for each fault by its own name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from mtdense_ros.runtime.faults import FaultState


def diagnostics_message(
    stamp: Time, node_name: str, hardware_id: str, state: str, values: Mapping[str, Mapping[str, str]], faults: Sequence[FaultState]
) -> DiagnosticArray:
    """The array: "NODE: frames" with the lifecycle state and the values of "", then "NODE: FAULT" for each fault of the node.

    The same follows for each named camera in `values` as "NODE: CAMERA: frames" and "NODE: CAMERA: FAULT"; the node's own status
    sums up the faults of all cameras.
    """
    statuses = []
    for camera, of_camera in values.items():
        subject = f"{node_name}: {camera}: " if camera else f"{node_name}: "
        own = [fault for fault in faults if fault.camera == camera]
        statuses.append(_frames_status(subject, hardware_id, {"state": state, **of_camera}, own if camera else faults))
        statuses += [_fault_status(subject, hardware_id, fault) for fault in own]
    return DiagnosticArray(header=Header(stamp=stamp), status=statuses)


def _frames_status(subject: str, hardware_id: str, values: Mapping[str, str], faults: Sequence[FaultState]) -> DiagnosticStatus:
    active = [f"{fault.camera and fault.camera + ': '}{fault.name}" for fault in faults if fault.active]
    return DiagnosticStatus(
        level=max((_level(fault) for fault in faults), default=DiagnosticStatus.OK),
        name=f"{subject}frames",
        hardware_id=hardware_id,
        message=f"{values['state']}; {', '.join(active) or 'no fault'}",
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )


def _fault_status(subject: str, hardware_id: str, fault: FaultState) -> DiagnosticStatus:
    return DiagnosticStatus(
        level=_level(fault),
        name=f"{subject}{fault.name}",
        hardware_id=hardware_id,
        message=fault.message if fault.active else "OK",
        values=[KeyValue(key="count", value=str(fault.count))],
    )


def _level(fault: FaultState) -> bytes:
    level: bytes = DiagnosticStatus.OK if not fault.active else DiagnosticStatus.ERROR if fault.error else DiagnosticStatus.WARN
    return level
