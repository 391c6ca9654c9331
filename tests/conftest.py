"""Kept light: what is heavy lies in tests/support and is imported where it is used."""

pytest_plugins = [
    "commands",
    "consenting",
    "dovecot",
    "instances",
    "keeping",
    "office",
    "posting",
    "sendable",
    "servers",
    "serving",
    "submitting",
]


def pytest_configure() -> None:
    """Let laws be tried as long as it takes: on a busy machine slowness is no fault of theirs."""
    from hypothesis import HealthCheck, settings  # noqa: PLC0415

    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("patient", patient)
    settings.load_profile("patient")
