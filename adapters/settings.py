"""What an instance can be told: each setting with its sentence.

The environment (CARTEGGIO_<NAME>) goes before the instance's settings.toml. Secrets show
nowhere, not even in a repr.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from adapters import entityurls
from adapters.database import COMPANY
from adapters.home import Home
from adapters.reach import Network

MEGABYTE = 1024 * 1024
_NO_PATTERNS: Final = (
    'is no table of addresses by kinds; one looks like {"party": "https://erp.example/c/{code}"}'
)
_NO_NETWORKS: Final = "is no list of networks; one looks like 127.0.0.0/8, 10.0.0.0/8"


def _networks(value: object) -> object:
    """Read networks: a list as the file has it, or in the environment as JSON or by commas."""
    try:
        several = _listed(value) if isinstance(value, str) else value
        if isinstance(several, list | tuple):
            return tuple(ip_network(str(one)) for one in several)
    except ValueError:
        pass
    raise ValueError(_NO_NETWORKS)


def _words(value: object) -> object:
    """Read words, without case: a list as the file has it, or in the environment by commas."""
    several = _listed(value) if isinstance(value, str) else value
    if not isinstance(several, list | tuple):
        raise ValueError("is no list")  # noqa: TRY004  pydantic tells of a ValueError
    return tuple(str(one).strip().casefold() for one in several)


def _listed(text: str) -> object:
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [one.strip() for one in text.split(",") if one.strip()]


def _patterns(value: object) -> object:
    """Read patterns by kinds: a table as the file has it, or in the environment as JSON."""
    try:
        named = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        named = None
    if not isinstance(named, dict) or not all(isinstance(one, str) for one in named.values()):
        raise ValueError(_NO_PATTERNS)
    return entityurls.checked(named)


CompanyName = Annotated[str, Field(pattern=f"^{COMPANY.pattern}$")]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]
Patterns = Annotated[dict[str, str], NoDecode, BeforeValidator(_patterns)]
PostgresUrl = SecretStr  # it may hold a password


# What lies beside the zones in their folder (zoneinfo.available_timezones leaves it out too).
_NO_ZONES = {"posixrules"}
_NO_ZONES_UNDER = ("posix/", "right/")


class BadSettings(Exception):
    """A setting cannot be used, and the sentence names it."""


def local_time_zone(environment: Mapping[str, str] = os.environ) -> str:
    """Name the machine's time zone; UTC where it has no name."""
    named = environment.get("TZ", "").lstrip(":")
    linked = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    return next((zone for zone in (named, linked) if is_zone(zone)), "UTC")


def is_zone(name: str) -> bool:
    """Tell whether a time zone has this name; only its own file is read."""
    if not name or name in _NO_ZONES or name.startswith(_NO_ZONES_UNDER):
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


class Settings(BaseSettings):
    """The settings of one instance."""

    model_config = SettingsConfigDict(
        env_prefix="CARTEGGIO_", extra="forbid", frozen=True, env_ignore_empty=True
    )

    database_url: PostgresUrl | None = Field(
        default=None,
        description="The PostgreSQL server to use, 15 or newer, as postgresql://user@host/name; "
        "without one Carteggio runs its own in the instance's folder.",
    )
    direct_database_url: PostgresUrl | None = Field(
        default=None,
        description="The same server past its pooler (PgBouncer), for notifications, locks and "
        "migrations; needed only where database_url leads through one.",
    )
    databases: dict[CompanyName, PostgresUrl] = Field(
        default_factory=dict,
        description="Servers of single companies, by company name; the others use database_url.",
    )
    company: CompanyName = Field(
        default="main", description="The company that commands are about when none is named."
    )
    blobs: str | None = Field(
        default=None,
        description="Where sealed messages and attachments lie: a folder, or s3://bucket/prefix; "
        "without it in the instance's folder.",
    )
    s3_endpoint: str | None = Field(
        default=None,
        description="The address of an S3 service other than Amazon's, as https://host.",
    )
    s3_region: str | None = Field(
        default=None,
        description="The region of the S3 bucket; without it AWS_REGION's, else us-east-1.",
    )
    s3_access_key_id: str | None = Field(
        default=None, description="The name of the S3 access key; without it AWS_ACCESS_KEY_ID's."
    )
    s3_secret_access_key: SecretStr | None = Field(
        default=None,
        description="The secret of the S3 access key; without it AWS_SECRET_ACCESS_KEY's.",
    )
    s3_allow_http: bool = Field(
        default=False,
        description="Allow an S3 endpoint without TLS, as on this machine for tests.",
    )
    root_key_file: Path | None = Field(
        default=None,
        description="The file of the root key, which opens all others; without it keys/root.key "
        "in the instance's folder. Who loses it loses the mail.",
    )
    host: str = Field(
        default="127.0.0.1",
        description="The address on which `carteggio serve` listens; 0.0.0.0 is all.",
    )
    port: int = Field(
        default=8470, ge=0, le=65535, description="The port on which `carteggio serve` listens."
    )
    work_in_serve: bool = Field(
        default=True,
        description="Let `carteggio serve` do the work of `carteggio work` too: fetching mail, "
        "projections, reactions.",
    )
    time_zone: str = Field(
        default_factory=local_time_zone,
        description="The time zone of the office, as Europe/Rome: days begin and end in it; "
        "without it the machine's.",
    )
    poll_seconds: int = Field(
        default=60,
        ge=5,
        description="How long to wait between two looks into a mailbox, in seconds.",
    )
    max_message_bytes: int = Field(
        default=100 * MEGABYTE,
        ge=MEGABYTE,
        description="Messages larger than this are not imported.",
    )
    max_fetch_bytes: int = Field(
        default=50 * MEGABYTE,
        ge=MEGABYTE,
        description="Messages larger than this are not fetched from a mail server, and reported.",
    )
    ticket_marker: str = Field(
        default="",
        pattern=r"^[^\[\]#\r\n]{0,40}$",
        description="A word that stands before a signed token in subjects, as ACME in [ACME #…]: "
        "then those count as they do elsewhere. Without one, none in a subject counts.",
    )
    plus_addresses: Words = Field(
        default=(),
        description="Addresses, or whole domains, whose server delivers info+anything@… to info@…, "
        "by commas: answers to mail from there come back under an address with a signed token.",
    )
    reference_in_text: bool = Field(
        default=True,
        description="Let mail that is sent bear its signed token below the text, as [Ref: …]: an "
        "answer that quotes it is known by it.",
    )
    upload_quota_bytes: int = Field(
        default=500 * MEGABYTE,
        ge=MEGABYTE,
        description="So much may a user or token have uploaded and not sent yet, files of drafts "
        "included; more is refused.",
    )
    undo_seconds: int = Field(
        default=15,
        ge=0,
        le=600,
        description="How long mail that a person sends waits for being taken back, in seconds; mail "
        "of programs leaves at once.",
    )
    mail_networks_allowed: Networks = Field(
        default=(),
        description="Networks in which mail servers may be though they are refused otherwise, by "
        "commas, as 127.0.0.0/8: this machine by another name than localhost, a link's own "
        "addresses, a cloud's own services. Over the API localhost needs it too.",
    )
    mail_networks_refused: Networks = Field(
        default=(),
        description="Further networks in which no mail server may be, by commas, as 10.0.0.0/8; "
        "what is allowed goes first.",
    )
    webhook_networks_allowed: Networks = Field(
        default=(),
        description="Networks in which webhooks may be though they are refused otherwise, by "
        "commas: this machine by another name than localhost, and over the API at all.",
    )
    webhook_networks_refused: Networks = Field(
        default=(),
        description="Further networks in which no webhook may be, by commas; what is allowed goes "
        "first.",
    )
    entity_urls: Patterns = Field(
        default_factory=dict,
        description="Where the ERP shows records, by their kind: a table of addresses (in the "
        "environment JSON) under party, document, or a kind of theirs, as "
        "https://erp.example/orders/{number}; {code}, {number}, {external_id} and {kind} are "
        "filled in.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is worth a line in the log."
    )
    log_format: Literal["auto", "console", "json"] = Field(
        default="auto",
        description="How a line of the log looks; auto is console in a terminal, else json.",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if not is_zone(name):
            raise ValueError("is no time zone; names look like Europe/Rome")
        return name

    @field_validator("database_url", "direct_database_url")
    @classmethod
    def _postgres(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and "=" not in url.get_secret_value():
            scheme = url.get_secret_value().partition("://")[0]
            if scheme not in {"postgresql", "postgres"}:
                raise ValueError("is no PostgreSQL address; one looks like postgresql://host/name")
        return url

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def dsn_of(self, company: str) -> str | None:
        """Return the server of a company; None is the embedded one."""
        url = self.databases.get(company, self.database_url)
        return url.get_secret_value() if url else None

    def direct_dsn_of(self, company: str) -> str | None:
        """Return the way past the pooler, where there is another than `dsn_of`."""
        if company in self.databases or self.direct_database_url is None:
            return None
        return self.direct_database_url.get_secret_value()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- pydantic names them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what was said, the environment, then settings.toml; no .env, which surprises."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(home: Home, **said: Any) -> Settings:
    """Return the settings of an instance; what is `said` (on the command line) goes first."""
    refuse_unsafe_environment(os.environ)

    class OfInstance(Settings):
        model_config = SettingsConfigDict(toml_file=home.settings_file)

    try:
        return OfInstance(**said)
    except ValidationError as problem:
        raise BadSettings(_sentence(problem)) from None
    except tomllib.TOMLDecodeError as problem:
        raise BadSettings(f"{home.settings_file} is not valid TOML: {problem}") from None
    except PermissionError:
        raise BadSettings(f"{home.settings_file} cannot be read by this user") from None


def refuse_unsafe_environment(environment: Mapping[str, str]) -> None:
    """Refuse the event store's database functions: with them readers lose events.

    Their insert takes no lock, so event 9 may be seen before event 8 is committed, and whoever
    follows the log never sees event 8.
    """
    switch = "POSTGRES_ENABLE_DB_FUNCTIONS"
    if environment.get(switch, "").strip().lower() in {"y", "yes", "t", "true", "on", "1"}:
        raise BadSettings(
            f"{switch} is set in the environment: with it, readers can miss events that are "
            f"committed out of order; unset it"
        )


def explained() -> list[tuple[str, str]]:
    """Return every setting with its sentence, in the order in which they are best read."""
    return [(name, field.description or "") for name, field in Settings.model_fields.items()]


def _sentence(problem: ValidationError) -> str:
    """Say which setting is wrong and why, but never its value: it may be a secret."""
    wrong = [
        f"{'.'.join(str(part) for part in error['loc'])}: {error['msg'].removeprefix('Value error, ')}"
        for error in problem.errors(include_input=False, include_url=False, include_context=False)
    ]
    return "these settings cannot be used: " + "; ".join(wrong)
