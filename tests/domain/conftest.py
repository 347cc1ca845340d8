"""Hypothesis: in CI the same examples every time; a failing one says how to repeat and shrink it."""

from os import environ

from hypothesis import HealthCheck, Phase, settings

IN_CI = "CI" in environ

settings.register_profile(
    "onebook",
    deadline=None,
    print_blob=True,
    derandomize=IN_CI,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate] + ([] if IN_CI else [Phase.shrink]),
)
settings.load_profile("onebook")
