"""The lifecycle node `mtdense`: topics and services in front of a session."""

from __future__ import annotations

import dataclasses
import signal
import sys
import time
from typing import Any

import cv2
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions

from mtdense_ros.errors import ConfigError, WeightsError
from mtdense_ros.parameters import Parameters
from mtdense_ros.pipeline.background_files import ReferenceFrame
from mtdense_ros.pipeline.loading import load_pipelines
from mtdense_ros.ros.diagnostics import diagnostics_message
from mtdense_ros.ros.legend_publisher import LegendPublisher
from mtdense_ros.ros.lifecycle import answer_unavailable, state_label
from mtdense_ros.ros.parameter_server import ParameterServer
from mtdense_ros.ros.services import BackgroundServices, enable_service
from mtdense_ros.ros.session import Session
from mtdense_ros.runtime.failure_policy import Failure
from mtdense_ros.runtime.faults import Faults
from mtdense_ros.utils.timing import Startup

TICK_S = 0.1
"""Period of the upkeep: subscriptions follow subscribers and publishers within this time, times the number of cameras."""


class MtdenseNode(LifecycleNode):
    """Labels, depth, normals, foreground and points of one camera or several; docs/node.md describes topics, services and parameters."""

    def __init__(self, startup: Startup | None = None, **node_options: Any) -> None:
        """startup: logged with the first output."""
        super().__init__("mtdense", allow_undeclared_parameters=True, automatically_declare_parameters_from_overrides=True, **node_options)
        answer_unavailable(self)
        self._startup = startup or Startup()
        self._faults = Faults(self._log)
        self._session: Session | None = None
        self._references: dict[str, ReferenceFrame] = {}
        self._enabled = True
        self._active = False
        self._fell_back = False
        self._params = ParameterServer(self, configured=lambda: self._session is not None, changed=self._apply)
        self._legend: LegendPublisher | None = None
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._next_diagnostics = 0.0
        enable_service(self, self.enable)
        self._background_services = BackgroundServices(self, self.session_or_refuse, self.refresh)
        self._background_services.serve(self._params.values.cameras)
        self._tick_timer = self.create_timer(TICK_S, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._start_pending = self._params.values.autostart

    # lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Loads and warms the network; fails, saying why, and leaves the node unconfigured when it cannot."""
        try:
            self._configure(self._params.values)
        except WeightsError as error:
            self._release()
            self._faults.report("weights missing or changed", str(error))
            return TransitionCallbackReturn.FAILURE
        except Exception as error:
            self._release()
            self._faults.report("configuration", f"{error}" if isinstance(error, ConfigError) else f"{type(error).__name__}: {error}")
            return TransitionCallbackReturn.FAILURE
        self._fell_back = False
        self._faults.clear("weights missing or changed", "configuration", "GPU lost", "engine failed", "worker restarted")
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Starts serving."""
        self._serve()
        return super().on_activate(state)

    def _serve(self) -> None:
        session = self.session_or_refuse()
        session.open()
        self._active = True
        if self._enabled:
            session.serve()
        self.refresh()

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stops serving; the network stays loaded."""
        self._stop_serving()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Releases the network; other weights can be configured."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Releases everything."""
        self._release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Back to unconfigured after a transition that raised."""
        self._release()
        return super().on_error(state)

    def _configure(self, parameters: Parameters) -> None:
        if self._params.problems:
            raise ConfigError("; ".join(self._params.problems))
        self._startup.lap("until configure")
        pipelines, stages_ms = load_pipelines(parameters, self.get_logger().info)
        self._background_services.serve(parameters.cameras)
        self._session = Session(self, pipelines, self._faults)
        self._session.apply(parameters)
        self._session.load_first_backgrounds(self._references)
        self._legend = LegendPublisher(self, self._session.networks)
        self._legend.update(parameters)
        self._startup.book(stages_ms, rest="topics")

    def _stop_serving(self) -> None:
        self._active = False
        if self._session is not None:
            self._session.stop()

    def _release(self) -> None:
        self._stop_serving()
        if self._session is not None:
            self._session.close()
            self._references = self._session.references()
            self._session = None
        if self._legend is not None:
            self._legend.close()
            self._legend = None

    def close(self) -> None:
        """Stops the worker and removes all that the node made, before `destroy_node`."""
        self.destroy_timer(self._tick_timer)
        self._release()

    # requests

    def session_or_refuse(self) -> Session:
        """The session; raises ConfigError on an unconfigured node."""
        if self._session is None:
            raise ConfigError("the node is not configured; its log says why, then configure and activate it")
        return self._session

    def enable(self, enabled: bool) -> str:
        """Stops or resumes processing; the network stays loaded. Returns what follows from it."""
        self._enabled = enabled
        if self._session is not None and self._active:
            if enabled:
                self._session.serve()
            else:
                self._session.pause()
            self.refresh()
        return "processing" if enabled else "processing is stopped, the network stays loaded"

    def _apply(self, parameters: Parameters) -> None:
        if self._session is not None:
            if parameters.weights != self._params.values.weights:
                self._session.replace(self._effective(parameters))
            self._session.apply(parameters)
        if self._legend is not None:
            self._legend.update(parameters)

    # upkeep

    def _tick(self) -> None:
        if self._start_pending:
            self._start_pending = False
            self._start()
        if self._session is not None:
            self._session.tick()
            if self._session.failure is not None:
                self._give_up(self._session, self._session.failure)
        if self._session is not None:
            self._follow_networks(self._session)
            if self._active:
                self._session.refresh_next(self._enabled)
            self._log_startup(self._session.first_output())
        now = time.monotonic()
        if now >= self._next_diagnostics:
            self._next_diagnostics = now + self._params.values.diagnostics_period
            self._publish_diagnostics(now)

    def _log_startup(self, first: tuple[float, float] | None) -> None:
        """Logs once where the time to the first output went. first: when it was published, and when its frame arrived."""
        if self._startup.over or first is None:
            return
        published_s, arrived_s = first
        self._startup.lap("waiting for a frame", arrived_s)
        self._startup.lap("first frame", published_s)
        self.get_logger().info(self._startup.finish())

    def _give_up(self, session: Session, failure: Failure) -> None:
        """Another engine takes over where that may help and is allowed; otherwise all is released, and the node is unconfigured."""
        problem = ""
        if failure.of_engine and not self._fell_back and self._params.values.engine_fallback == "cpu":
            problem = self._fall_back(session)
            if not problem:
                taken = "PyTorch on the CPU has taken over; configure again to go back"
                self._faults.report(failure.fault, f"{failure.message}: {taken}", lasting=True)
                return
        if state_label(self) == "active":
            self.trigger_deactivate()
        if state_label(self) == "inactive":
            self.trigger_cleanup()
        end = f"{problem}the node is unconfigured; configure and activate it again"
        self._faults.report(failure.fault, f"{failure.message}: {end}", lasting=True)

    def _fall_back(self, session: Session) -> str:
        """Configures again with PyTorch on the CPU. Returns what went wrong, with a colon behind it, or nothing."""
        was_active = self._active
        self._release()
        try:
            self._fell_back = True
            self._configure(self._effective(self._params.values))
        except Exception as error:
            self._fell_back = False
            return f"engine_fallback failed, too ({error}): "
        self.session_or_refuse().carry_over(session)
        if was_active:
            self._serve()
        return ""

    def _effective(self, parameters: Parameters) -> Parameters:
        """The parameters with the engine that has taken over, if one has."""
        return dataclasses.replace(parameters, engine="torch", device="cpu", precision="fp32") if self._fell_back else parameters

    def _start(self) -> None:
        if state_label(self) != "unconfigured":  # somebody was quicker
            return
        if self.trigger_configure() != TransitionCallbackReturn.SUCCESS:
            name = self.get_fully_qualified_name()
            remedy = f"correct what is said above (parameters can be set now), then `ros2 lifecycle set {name} configure` and `activate`"
            if self._params.needs_restart:
                remedy = "of what is said above something takes effect at start only; correct the file and restart"
            self.get_logger().error(f"autostart: stays unconfigured; {remedy}")
            return
        self.trigger_activate()

    def _follow_networks(self, session: Session) -> None:
        """Lets the legend describe the networks that a budget has put in their place."""
        if self._legend is not None and self._legend.networks is not session.networks:
            self._legend.networks = session.networks
            self._legend.update(self._params.values)

    def refresh(self) -> None:
        """Makes, changes or removes the subscriptions as subscribers, publishers and parameters demand."""
        if self._session is not None and self._active:
            self._session.refresh(self._enabled)

    def _publish_diagnostics(self, now: float) -> None:
        session = self._session
        device = "" if session is None else session.networks.device_name
        values = {"": {}} if session is None else session.values(now)
        stamp, name = self.get_clock().now().to_msg(), self.get_fully_qualified_name().lstrip("/")
        self._diagnostics.publish(diagnostics_message(stamp, name, device, self._state(), values, self._faults.states()))

    def _state(self) -> str:
        if self._session is None:
            return "unconfigured"
        if not self._active:
            return "inactive"
        return "active" if self._enabled else "disabled"

    def _log(self, is_error: bool, text: str) -> None:
        if is_error:
            self.get_logger().error(text)
        else:
            self.get_logger().warning(text)


def main(args: list[str] | None = None) -> int:
    """Runs the node until SIGINT, SIGTERM or a shutdown of ROS ends it; returns 0 then."""
    startup = Startup()
    startup.lap("imports")
    cv2.setNumThreads(1)  # its own threads would wake for steps of some 50 us, and compete with those of the network
    # rclpy's own handlers shut the middleware down in another thread, which can crash while this one removes what the node made.
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    signals: list[int] = []
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda number, _: signals.append(number))
    node = MtdenseNode(startup)
    startup.lap("ROS")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while rclpy.ok() and not signals:  # the node's timer ends each wait
            executor.spin_once()
    except ExternalShutdownException:
        pass
    finally:
        executor.shutdown()
        node.close()
        node.destroy_node()
        rclpy.try_shutdown()
        for each in (signal.SIGINT, signal.SIGTERM):  # one more of them must not kill the process on the last of its way
            signal.signal(each, signal.SIG_IGN)
    return 0


if __name__ == "__main__":
    sys.exit(main())
