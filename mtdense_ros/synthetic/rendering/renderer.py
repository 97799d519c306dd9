"""Deferred renderer on OpenGL through EGL: colour, depth, normals and instance ids of a scene without and with its foreground."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mtdense_ros.errors import DependencyError
from mtdense_ros.synthetic.rendering import shaders
from mtdense_ros.synthetic.rendering.optics import lens_of, light_matrix, light_uniforms, ordered, projection
from mtdense_ros.synthetic.rendering.scene import Item, Lighting, View, batch

_SHADOW_SIZE = 512


@dataclass(frozen=True)
class Rendering:
    """One rendered view: image (H, W, 3) uint8 sRGB; depth (H, W) float32 metres, 0 none; normals (H, W, 3) float32, camera frame,
    facing the camera, 0 none; instances (H, W) uint16: 0 none, else 1 + index of the item, background items first."""

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    normals: NDArray[np.float32]
    instances: NDArray[np.uint16]


class Renderer:
    """Renders scenes at one image size.

    size (height, width); textures (N, S, S, 3) uint8: the layers that parts name. Colour is supersampled twice, truth is
    taken at pixel centres. Raises DependencyError where moderngl or an EGL driver is missing.
    """

    def __init__(self, size: tuple[int, int], textures: NDArray[np.uint8]) -> None:
        self.size = size
        self._ctx = _context()
        height, width = size
        self._textures = self._ctx.texture_array((textures.shape[2], textures.shape[1], len(textures)), 3, textures.tobytes(), alignment=1)
        self._textures.build_mipmaps()
        fine = (2 * width, 2 * height)
        self._albedo, self._radiance = self._target(fine, 4, "f1"), self._target(fine, 4, "f2")
        self._geometry, self._ids = self._target(fine, 4, "f4"), self._target(fine, 1, "u2")
        self._g_buffer = self._ctx.framebuffer([self._albedo, self._geometry, self._ids], self._ctx.depth_renderbuffer(fine))
        self._open = self._target((width, height), 1, "f1", smooth=True)
        self._open_buffer = self._ctx.framebuffer([self._open])
        self._shade_buffer = self._ctx.framebuffer([self._radiance])
        self._rgb = self._target((width, height), 4, "f1")
        self._points, self._labels = self._target((width, height), 4, "f4"), self._target((width, height), 1, "u2")
        self._picture_buffer, self._truth_buffer = self._ctx.framebuffer([self._rgb]), self._ctx.framebuffer([self._points, self._labels])
        self._shadows = [self._shadow_map() for _ in range(2)]
        self._programs()

    def render(self, background: Sequence[Item], view: View, lighting: Lighting) -> Rendering:
        """The view of the background items alone; later calls of `add_foreground` draw on top of it."""
        self.survey(background, view)
        return self.light(lighting)

    def survey(self, background: Sequence[Item], view: View) -> Rendering:
        """The truth of that view, with a black image: for seeing whether the view is worth the work of lighting it."""
        self._view, self._items = view, list(background)
        self._g_buffer.clear()
        self._draw(background, 1)
        self._truth = self._read_truth()
        return Rendering(np.zeros((*self.size, 3), np.uint8), *self._truth)

    def light(self, lighting: Lighting) -> Rendering:
        """The surveyed view in that light, exposed for it."""
        self._lighting = lighting
        for buffer in self._shadows:
            buffer[1].clear()
        self._cast(self._items)
        self._exposure = 1.0
        self._shade()
        self._exposure = self._expose(lighting.exposure)
        return Rendering(self._picture(), *self._truth)

    def add_foreground(self, items: Sequence[Item]) -> Rendering:
        """The last view with further items in it, under the same lights and exposure."""
        self._draw(items, 1 + len(self._items))
        self._cast(items)
        self._items += items
        self._shade()
        return Rendering(self._picture(), *self._read_truth())

    def close(self) -> None:
        """Frees the context and all it holds."""
        self._ctx.release()

    def _target(self, size: tuple[int, int], components: int, dtype: str, smooth: bool = False) -> Any:
        texture = self._ctx.texture(size, components, dtype=dtype)
        texture.repeat_x = texture.repeat_y = False
        texture.filter = (self._ctx.LINEAR, self._ctx.LINEAR) if smooth else (self._ctx.NEAREST, self._ctx.NEAREST)
        return texture

    def _shadow_map(self) -> tuple[Any, Any]:
        texture = self._ctx.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        texture.compare_func = "<="
        texture.filter = (self._ctx.NEAREST, self._ctx.NEAREST)
        texture.repeat_x = texture.repeat_y = False
        return texture, self._ctx.framebuffer(depth_attachment=texture)

    def _programs(self) -> None:
        ctx = self._ctx
        self._draw_program = ctx.program(shaders.GEOMETRY_VERTEX, shaders.GEOMETRY_FRAGMENT)
        self._shadow_program = ctx.program(shaders.SHADOW_VERTEX, shaders.SHADOW_FRAGMENT)
        self._corners = ctx.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32).tobytes())
        self._screens: dict[str, tuple[Any, Any]] = {}

    def _screen(self, source: str, **uniforms: Any) -> None:
        """Runs a fragment shader over the whole bound target; each source is compiled once."""
        if source not in self._screens:
            program = self._ctx.program(shaders.SCREEN_VERTEX, source)
            self._screens[source] = program, self._ctx.vertex_array(program, [(self._corners, "2f", "corner")])
        program, screen = self._screens[source]
        _set(program, **uniforms)
        screen.render(self._ctx.TRIANGLE_STRIP)

    def _draw(self, items: Sequence[Item], first_id: int) -> None:
        vertices, triangles = batch(items, first_id)
        if not len(triangles):
            return
        ctx, program = self._ctx, self._draw_program
        vertex_buffer, index_buffer = ctx.buffer(vertices.tobytes()), ctx.buffer(triangles.tobytes())
        layout = [(vertex_buffer, "3f 3f 2f 4f1 2u2", "position", "normal", "uv", "tint", "ids")]
        self._g_buffer.use()
        ctx.enable_only(ctx.DEPTH_TEST)
        self._textures.use(0)
        _set(program, textures=0, world_to_camera=self._view.world_to_camera.T, projection=projection(self._view).T)
        array = ctx.vertex_array(program, layout, index_buffer)
        array.render()
        for used in (array, vertex_buffer, index_buffer):
            used.release()

    def _cast(self, items: Sequence[Item]) -> None:
        casters = [item for item in items if item.casts]
        if not casters or not any(light.shadow for light in self._lighting.lights):
            return
        ctx = self._ctx
        vertices, triangles = batch(casters, 0)
        vertex_buffer, index_buffer = ctx.buffer(np.ascontiguousarray(vertices["position"]).tobytes()), ctx.buffer(triangles.tobytes())
        array = ctx.vertex_array(self._shadow_program, [(vertex_buffer, "3f", "position")], index_buffer)
        ctx.enable_only(ctx.DEPTH_TEST)
        for light, (_, buffer) in zip(ordered(self._lighting.lights)[:2], self._shadows, strict=False):
            if light.shadow:
                buffer.use()
                _set(self._shadow_program, world_to_light=light_matrix(light).T)
                array.render()
        for used in (array, vertex_buffer, index_buffer):
            used.release()

    def _shade(self) -> None:
        ctx, lens = self._ctx, lens_of(self._view)
        ctx.enable_only(ctx.NOTHING)
        self._open_buffer.use()
        self._geometry.use(1)
        self._screen(shaders.OCCLUSION_FRAGMENT, normal_depth=1, lens=lens, radius=np.float32(0.3))
        self._shade_buffer.use()
        for unit, texture in enumerate((self._albedo, self._geometry, self._open, self._shadows[0][0], self._shadows[1][0])):
            texture.use(unit)
        lights = ordered(self._lighting.lights)
        source = shaders.shade_fragment(len(lights), sum(light.shadow for light in lights))
        self._screen(
            source, albedo=0, normal_depth=1, open=2, lens=lens, shadow_0=3, shadow_1=4, **light_uniforms(self._lighting, self._view)
        )

    def _expose(self, target: float) -> float:
        """The gain that brings the view's 70th luminance percentile, seen before the tone curve, to the target (sRGB 0..1)."""
        light = np.frombuffer(self._radiance.read(), np.float16).reshape(2 * self.size[0], 2 * self.size[1], 4)[::16, ::16, :3]
        seen = light.astype(np.float32).mean(-1)
        seen = seen[seen > 0]
        return float(target**2.2 / max(float(np.percentile(seen, 70)), 1e-4)) if len(seen) else 1.0

    def _picture(self) -> NDArray[np.uint8]:
        """The shaded view at the image's size, exposed and as sRGB (H, W, 3)."""
        self._picture_buffer.use()
        self._radiance.use(0)
        self._screen(shaders.PICTURE_FRAGMENT, radiance=0, exposure=np.float32(self._exposure))
        return np.frombuffer(self._rgb.read(), np.uint8).reshape(*self.size, 4)[..., :3].copy()

    def _read_truth(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint16]]:
        """Depth, normals and instances of the view as drawn so far."""
        self._truth_buffer.use()
        self._geometry.use(0)
        self._ids.use(1)
        self._screen(shaders.TRUTH_FRAGMENT, normal_depth=0, instance=1)
        geometry = np.frombuffer(self._points.read(), np.float32).reshape(*self.size, 4)
        ids = np.frombuffer(self._labels.read(alignment=1), np.uint16).reshape(self.size)
        return geometry[..., 3].copy(), geometry[..., :3].copy(), ids


def _context() -> Any:
    # Several renderers run in parallel, one per core: a driver thread pool in each would only make them wait for one another.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    try:
        import moderngl
    except ImportError as error:
        raise DependencyError(f"renderer: moderngl is not installed ({error}); pip install moderngl trimesh pillow") from error
    try:
        return moderngl.create_context(standalone=True, backend="egl")  # type: ignore[arg-type]
    except Exception as error:  # moderngl raises bare Exception for every driver failure
        raise DependencyError(f"renderer: no EGL context ({error}); apt install libegl1 libgl1-mesa-dri") from error


def _set(program: Any, **uniforms: Any) -> None:
    """Sets uniforms, in arrays as many leading elements as the program uses; those that its compiler removed are passed over."""
    for name, value in uniforms.items():
        uniform = program.get(name, None)
        if uniform is None:
            continue
        if isinstance(value, np.ndarray | np.generic):
            data = np.ascontiguousarray(value, np.float32).reshape(-1)
            uniform.write(data[: uniform.array_length * uniform.dimension].tobytes())
        else:
            uniform.value = value
