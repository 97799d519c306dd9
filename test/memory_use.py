"""How much memory a call needs, and an engine that needs none."""

import tracemalloc


def peak_bytes(work):
    """The most memory that a call needs beyond what there was, of Python, numpy and OpenCV's arrays."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


class Recorded:
    """Stands in for an engine: says again what the real one said of an image, so that only the package's own work allocates."""

    def __init__(self, engine):
        self._engine, self._answers = engine, {}
        self.counters = engine.counters
        self.encode_background = engine.encode_background
        self.close = engine.close

    def run(self, images, background=None, outputs=None):
        key = images[..., ::8, ::8].tobytes(), background is None, frozenset(outputs)
        if key not in self._answers:
            self._answers[key] = self._engine.run(images, background, outputs)
        return self._answers[key]
