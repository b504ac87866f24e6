"""Results of `pipe` as NumPy arrays, and the program itself.

    import pipe_ser

    run = pipe_ser.run("pipelines/demo.toml")            # or pipe_ser.open("demo"), "demo:3"
    features = run.items("fbank")
    features["synthetic_hall/m01_anger_01"].shape        # (frames, bins), mapped from the cache, not copied
    run["test[method=baseline,seed=1]"].predictions()["predicted"]
"""

from ._program import PipeError, call, program
from ._run import Run, Step, open, run
from ._stored_items import StoredItems

__all__ = ["PipeError", "Run", "Step", "StoredItems", "call", "open", "program", "run"]
