"""GLSL sources of the renderer's passes, in the order in which they run."""

GEOMETRY_VERTEX = """
#version 330
uniform mat4 world_to_camera;
uniform mat4 projection;
in vec3 position; in vec3 normal; in vec2 uv; in vec4 tint; in uvec2 ids;
out vec3 place; out vec3 facing; out vec2 texel; flat out vec4 color; flat out uvec2 id;
void main() {
    vec4 camera = world_to_camera * vec4(position, 1.0);
    place = camera.xyz; facing = mat3(world_to_camera) * normal; texel = uv; color = tint; id = ids;
    gl_Position = projection * camera;
}
"""

# Smooth normals lie where a model merges the vertices of a sharp edge; there the facet's own normal is the truth.
GEOMETRY_FRAGMENT = """
#version 330
uniform sampler2DArray textures;
in vec3 place; in vec3 facing; in vec2 texel; flat in vec4 color; flat in uvec2 id;
layout(location = 0) out vec4 albedo; layout(location = 1) out vec4 normal_depth; layout(location = 2) out uint instance;
void main() {
    vec3 facet = normalize(cross(dFdx(place), dFdy(place)));
    facet *= -sign(dot(facet, place));
    vec3 n = normalize(facing + facet * 1e-6);
    n *= dot(n, facet) < 0.0 ? -1.0 : 1.0;
    if (dot(n, facet) < 0.8 || dot(n, place) > 0.0) n = facet;
    albedo = vec4(texture(textures, vec3(texel, float(id.x))).rgb * color.rgb, color.a);
    normal_depth = vec4(n, place.z);
    instance = id.y;
}
"""

SHADOW_VERTEX = """
#version 330
uniform mat4 world_to_light;
in vec3 position;
void main() { gl_Position = world_to_light * vec4(position, 1.0); }
"""

SHADOW_FRAGMENT = """
#version 330
void main() {}
"""

SCREEN_VERTEX = """
#version 330
in vec2 corner;
void main() { gl_Position = vec4(corner, 0.0, 1.0); }
"""

# Horizon-free ambient occlusion in metres: how much of a hemisphere of radius `radius` nearby surfaces cover.
OCCLUSION_FRAGMENT = """
#version 330
uniform sampler2D normal_depth; uniform vec4 lens; uniform float radius;
out float open;
vec3 point(ivec2 at, float z) { return vec3((vec2(at) * 0.5 - lens.zw) / lens.xy, 1.0) * z; }
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy) * 2, limit = textureSize(normal_depth, 0) - 1;
    vec4 here = texelFetch(normal_depth, at, 0);
    open = 1.0;
    if (here.w <= 0.0) return;
    vec3 centre = point(at, here.w);
    float turn = 6.2832 * fract(52.9829 * fract(dot(mod(gl_FragCoord.xy, 4.0), vec2(0.0671, 0.5837)) * 7.3));
    float span = clamp(2.0 * radius * lens.x / here.w, 4.0, 160.0), covered = 0.0;
    for (int k = 0; k < 10; ++k) {
        float angle = turn + 2.39996 * float(k), reach = span * sqrt((float(k) + 0.5) / 10.0);
        ivec2 there = clamp(at + ivec2(reach * vec2(cos(angle), sin(angle))), ivec2(0), limit);
        float z = texelFetch(normal_depth, there, 0).w;
        vec3 offset = point(there, z) - centre;
        float range = length(offset) + 1e-4;
        float lift = max(dot(here.xyz, offset) / range - 0.08, 0.0);
        covered += lift * clamp(1.5 - range / radius, 0.0, 1.0);
    }
    open = clamp(1.0 - 0.22 * covered, 0.0, 1.0);
}
"""

# Software rasterisers execute both sides of a branch, so that the numbers of lights and of shadow maps are compiled in.
SHADE_FRAGMENT = """
#version 330
#define LIGHTS {lights}
#define SHADOWS {shadows}
uniform sampler2D albedo; uniform sampler2D normal_depth; uniform sampler2D open;
uniform sampler2DShadow shadow_0; uniform sampler2DShadow shadow_1;
uniform vec4 lens; uniform vec3 up; uniform vec3 sky; uniform vec3 ground; uniform float occlusion;
uniform vec4 light_place[LIGHTS]; uniform vec3 light_color[LIGHTS]; uniform vec2 light_kind[2];
uniform mat4 camera_to_light[2];
out vec4 radiance;
float visible(sampler2DShadow map, int which, vec3 place, float turn) {
    float softness = light_kind[which].x, outside = 1.0 - light_kind[which].y;
    vec4 clip = camera_to_light[which] * vec4(place, 1.0);
    if (clip.w <= 0.0) return outside;
    vec3 at = clip.xyz / clip.w * 0.5 + 0.5;
    vec2 border = smoothstep(vec2(0.0), vec2(0.02 + softness), 0.5 - abs(at.xy - 0.5));
    float inside = border.x * border.y, lit = 0.0;
    if (inside <= 0.0) return outside;
    vec2 tap = softness * vec2(cos(turn), sin(turn)), side = vec2(-tap.y, tap.x);
    lit += texture(map, vec3(at.xy + 0.35 * tap, at.z)) + texture(map, vec3(at.xy - 0.6 * tap, at.z));
    lit += texture(map, vec3(at.xy + 0.8 * side, at.z)) + texture(map, vec3(at.xy - side, at.z));
    return mix(outside, 0.25 * lit, inside);
}
void shine_on(int k, float seen, vec3 n, vec3 way, vec3 toward, float ao, inout vec3 light, inout vec3 shine) {
    float range = dot(way, way), nearness = inversesqrt(range);
    vec3 arriving = light_color[k] * (seen * ao / (0.15 + range / light_place[k].w));
    light += arriving * max(dot(n, way) * nearness, 0.0);
    float aligned = max(dot(n, normalize(way * nearness + toward)), 0.0);
    aligned *= aligned; aligned *= aligned; aligned *= aligned;
    shine += arriving * (aligned * aligned * aligned * aligned);
}
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy);
    vec4 base = texelFetch(albedo, at, 0), geometry = texelFetch(normal_depth, at, 0);
    radiance = vec4(0.0, 0.0, 0.0, 1.0);
    if (geometry.w <= 0.0) return;
    vec3 color = base.rgb * (0.32 * base.rgb + 0.68 * base.rgb * base.rgb), n = geometry.xyz;
    if (base.a > 0.9) { radiance.rgb = color * 1.6; return; }
    vec3 place = vec3((vec2(at) * 0.5 - lens.zw) / lens.xy, 1.0) * geometry.w, toward = -normalize(place);
    vec2 texel = 1.0 / vec2(textureSize(open, 0)), middle = (vec2(at) * 0.5 + 0.5) * texel;
    float ao = 0.25 * (texture(open, middle + texel * vec2(-1, -1)).r + texture(open, middle + texel * vec2(1, -1)).r
        + texture(open, middle + texel * vec2(-1, 1)).r + texture(open, middle + texel * vec2(1, 1)).r);
    ao = mix(1.0, ao, occlusion);
    float turn = 6.2832 * fract(52.9829 * fract(dot(gl_FragCoord.xy, vec2(0.0671, 0.00584))));
    vec3 light = mix(ground, sky, 0.5 + 0.5 * dot(n, up)) * ao, shine = vec3(0.0);
    vec3 lifted = place + n * (0.004 + 0.004 * geometry.w);
    float dim = mix(1.0, ao, 0.5);
#if SHADOWS > 0
    shine_on(0, visible(shadow_0, 0, lifted, turn), n, light_place[0].xyz - place, toward, dim, light, shine);
#endif
#if SHADOWS > 1
    shine_on(1, visible(shadow_1, 1, lifted, turn), n, light_place[1].xyz - place, toward, dim, light, shine);
#endif
    for (int k = SHADOWS; k < LIGHTS; ++k)
        shine_on(k, 1.0, n, light_place[k].xyz - place, toward, dim, light, shine);
    radiance.rgb = color * light + shine * base.a * 0.8;
}
"""

# The tent filter over the doubled grid is centred on the even samples, where labels and depth are taken: colour and truth stay aligned.
PICTURE_FRAGMENT = """
#version 330
uniform sampler2D radiance; uniform float exposure;
out vec4 picture;
vec3 tone(vec3 x) {
    x = mix(x, 1.0 - exp(-1.3 * x), 0.8);
    return pow(clamp(x, 0.0, 1.0), vec3(1.0 / 2.2));
}
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy) * 2, limit = textureSize(radiance, 0) - 1;
    vec3 sum = vec3(0.0);
    for (int y = -1; y <= 1; ++y) for (int x = -1; x <= 1; ++x) {
        float weight = (x == 0 ? 0.5 : 0.25) * (y == 0 ? 0.5 : 0.25);
        sum += weight * min(exposure * texelFetch(radiance, clamp(at + ivec2(x, y), ivec2(0), limit), 0).rgb, 2.0);
    }
    picture = vec4(tone(sum), 1.0);
}
"""

TRUTH_FRAGMENT = """
#version 330
uniform sampler2D normal_depth; uniform usampler2D instance;
layout(location = 0) out vec4 geometry; layout(location = 1) out uint id;
void main() {
    ivec2 at = ivec2(gl_FragCoord.xy) * 2;
    geometry = texelFetch(normal_depth, at, 0); id = texelFetch(instance, at, 0).r;
}
"""


def shade_fragment(lights: int, shadows: int) -> str:
    """The shading pass for that many lights, the first `shadows` (0 to 2) of which have a shadow map."""
    return SHADE_FRAGMENT.replace("{lights}", str(lights)).replace("{shadows}", str(shadows))
