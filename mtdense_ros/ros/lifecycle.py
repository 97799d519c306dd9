"""Lifecycle requests that the state does not allow: answered, not fatal."""

from __future__ import annotations

from typing import Any

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode

TransitionError = rclpy_implementation.RCLError


def answer_unavailable(node: LifecycleNode) -> None:
    """Lets `~/change_state` answer success=False where rclpy raises out of spin(), which would end the process."""
    service = node._service_change_state
    change = service.callback

    def answer(request: Any, response: Any) -> Any:
        try:
            return change(request, response)
        except TransitionError:
            asked, now = request.transition.label or request.transition.id, state_label(node)
            node.get_logger().warning(f"change_state: transition '{asked}' is not available in state '{now}'; nothing changed")
            response.success = False
            return response

    service.callback = answer


def state_label(node: LifecycleNode) -> str:
    """The primary state's name: unconfigured, inactive, active or finalized."""
    return str(node._state_machine.current_state[1])
