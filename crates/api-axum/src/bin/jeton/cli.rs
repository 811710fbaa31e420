//! The command line.

mod control;
mod keys;
mod running;
mod tokens;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::control::{
    ApiKeysAction, EventsAction, ImportFormat, Listing, RoleChange, SessionsAction, UsersAction, Who,
};
pub(crate) use self::keys::{KeysAction, PublicFormat};
pub(crate) use self::running::{CompletionsArgs, DoctorArgs, ManArgs};
pub(crate) use self::tokens::{InspectArgs, VerifyArgs, time};

/// Jeton: verify like a JWT, control like a session.
#[derive(Debug, Parser)]
#[command(
    name = "jeton",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 80,
    after_help = EXAMPLES
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) settings: Settings,
}

const EXAMPLES: &str = "\
Examples:
  jeton serve                    run the server; needs no configuration
  jeton serve --listen 0.0.0.0:8080 --log-format json
  jeton doctor                   look for what is wrong or could be better
  jeton config show              every setting, and where it came from
  jeton users create --email you@example.com --admin
  jeton sessions list you@example.com
  jeton apikeys create --name notes --scope revocations
  jeton keys list
  jeton verify --jwks jwks.json --issuer https://login.example --audience notes
  JETON_DATABASE_URL=postgres://jeton@db/jeton jeton serve

Settings are layered: defaults, then jeton.toml, then environment variables
(JETON_LISTEN, JETON_TOKENS__ACCESS_TTL, …), then flags. Exit codes: 0 done, 1
failed, 2 wrong usage or configuration.";

/// Settings that every command takes. They win over the environment and the file.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// Read settings from this file [default: ./jeton.toml where it exists]
    #[arg(long, global = true, value_name = "FILE", env = "JETON_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Serve on this address and port, such as 127.0.0.1:8080; port 0 takes a free one
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Keep the database, the master key and the outbox in this folder
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) data_dir: Option<String>,
    /// Use this database: sqlite:PATH or postgres://…; other users of the machine can read flags, so give a password by
    /// `JETON_DATABASE_URL` or `JETON_DATABASE_URL_FILE`
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,
    /// The public address of this server, as it stands in its tokens
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Write logs as auto, pretty or json
    #[arg(long, global = true, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
    /// Log from this level on: error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
}

impl Settings {
    /// The flags that were given: name, key and value.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &'static str, &str)> {
        [
            ("--listen", "listen", &self.listen),
            ("--data-dir", "data_dir", &self.data_dir),
            ("--database-url", "database_url", &self.database_url),
            ("--issuer", "issuer", &self.issuer),
            ("--log-format", "log.format", &self.log_format),
            ("--log-level", "log.level", &self.log_level),
        ]
        .into_iter()
        .filter_map(|(flag, key, value)| value.as_deref().map(|value| (flag, key, value)))
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    #[command(after_help = SERVE)]
    Serve,
    /// Bring the database's tables up to date, or tell how they are
    #[command(after_help = MIGRATE)]
    Migrate {
        #[command(subcommand)]
        action: Option<MigrateAction>,
    },
    /// Make a restored database safe to serve: signs everybody out
    #[command(after_help = AFTER_RESTORE)]
    AfterRestore {
        /// Let the signing keys be; access tokens from before then live until they expire
        #[arg(long)]
        keep_keys: bool,
        /// Do it: every session ends
        #[arg(long)]
        yes: bool,
    },
    /// Show what a token says, without believing it
    Inspect(InspectArgs),
    /// Say whether a token is good, without a server
    Verify(VerifyArgs),
    /// Show or check the settings
    #[command(after_help = CONFIG)]
    Config {
        #[command(subcommand)]
        action: ConfigAction,
    },
    /// Manage accounts in the database
    #[command(after_help = control::USERS)]
    Users {
        #[command(subcommand)]
        action: UsersAction,
    },
    /// Show and end signed-in devices
    #[command(after_help = control::SESSIONS)]
    Sessions {
        #[command(subcommand)]
        action: SessionsAction,
    },
    /// Show security events
    #[command(after_help = control::EVENTS)]
    Events {
        #[command(subcommand)]
        action: EventsAction,
    },
    /// Manage the keys of resource servers
    #[command(name = "apikeys", after_help = control::APIKEYS)]
    ApiKeys {
        #[command(subcommand)]
        action: ApiKeysAction,
    },
    /// Manage the keys that sign access tokens, and the master keys that seal them
    #[command(after_help = keys::KEYS)]
    Keys {
        #[command(subcommand)]
        action: KeysAction,
    },
    /// Look for what is wrong or could be better, and say what to do
    Doctor(DoctorArgs),
    /// Ask a running server whether it can do its work
    #[command(after_help = HEALTHCHECK)]
    Healthcheck,
    /// Print a script that completes commands in your shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for every command
    Man(ManArgs),
    /// Print the names and defaults that the documentation is held against, as JSON
    #[command(hide = true, after_help = "Example:\n  jeton reference")]
    Reference,
}

const AFTER_RESTORE: &str = "\
Run it once, before any server starts on the restored database. What happened
after the backup is forgotten there: a session that was ended would live
again. So it ends every session, takes back every mailed link, revokes the
signing keys (the servers make new ones), and moves the revocation feed beyond
what its readers have seen. Accounts, passwords, roles, API keys and webhooks
stay as the backup has them: look through those that were changed since.

Example:
  jeton after-restore --yes";

const SERVE: &str = "\
With no settings at all it serves on 127.0.0.1:8080, keeps its data in
./jeton-data (database, master key and outbox) and prints one line with its
address when it is ready. SIGTERM or Ctrl-C stops it: it finishes the requests
in flight first. Metrics are at http://127.0.0.1:9464/metrics, for this
machine alone; JETON_METRICS__LISTEN moves them.

Examples:
  jeton serve
  jeton serve --listen 0.0.0.0:8080 --issuer https://login.example.com
  JETON_TRACES__OTLP_ENDPOINT=http://127.0.0.1:4318 jeton serve
  JETON_TOKENS__ACCESS_TTL=5m JETON_SESSIONS__MAX_PER_ACCOUNT=1 jeton serve";

const MIGRATE: &str = "\
`jeton serve` migrates by itself at start; this command is for those who want
to do it beforehand.

Examples:
  jeton migrate                  the same as `jeton migrate up`
  jeton migrate status
  jeton migrate down --yes       takes the last migration back";

const CONFIG: &str = "\
Examples:
  jeton config show              as jeton.toml, with where each value came from
  jeton config check             exit code 0, or 1 and every problem
  jeton config check --config /etc/jeton.toml";

const CONFIG_SHOW: &str = "\
Secrets are hidden. What it prints can be saved as jeton.toml.

Examples:
  jeton config show
  JETON_TOKENS__ACCESS_TTL=5m jeton config show | grep access_ttl";

const CONFIG_CHECK: &str = "\
Exit code 0 when the settings are good, 1 and every problem when they are not.
`jeton doctor` also looks at what they lead to.

Examples:
  jeton config check
  jeton config check --config /etc/jeton.toml";

const HEALTHCHECK: &str = "\
It asks GET /readyz on the address that the server listens on, which also
tells what is missing.

Example, in a Dockerfile:
  HEALTHCHECK CMD [\"jeton\", \"healthcheck\"]";

/// What to do with the tables.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum MigrateAction {
    /// Apply every migration that is not applied yet
    #[command(after_help = "Example:\n  jeton migrate up --config /etc/jeton.toml")]
    Up,
    /// Take the last migration back, and with it the data that it made room for
    #[command(after_help = "Example:\n  jeton migrate down --yes")]
    Down {
        /// Yes, data may be lost
        #[arg(long)]
        yes: bool,
    },
    /// List the migrations and whether they are applied
    #[command(after_help = "Example:\n  jeton migrate status")]
    Status,
}

/// What to do with the settings.
#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ConfigAction {
    /// Print every setting with its value and its source
    #[command(after_help = CONFIG_SHOW)]
    Show,
    /// Say what is wrong with the settings
    #[command(after_help = CONFIG_CHECK)]
    Check,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_fits_80_columns_and_has_examples() {
        fn check(command: &mut clap::Command) {
            let name = command.get_display_name().unwrap_or_default().to_owned();
            let help = command.render_long_help().to_string();
            for line in help.lines() {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
            assert!(help.contains("Example"), "{name}: {help}");
            // What is written by hand is not wrapped: then its examples could not be pasted.
            let notes = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in notes.lines() {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
            for below in command.get_subcommands_mut() {
                check(below);
            }
        }
        let mut command = super::Cli::command().disable_help_subcommand(true);
        command.build();
        check(&mut command);
    }

    #[test]
    fn the_help_of_commands_that_read_a_token_knows_no_settings() {
        let mut command = super::Cli::command();
        command.build();
        for name in ["inspect", "verify"] {
            let help = command.find_subcommand_mut(name).unwrap().render_long_help().to_string();
            assert!(help.contains("Exit codes:"), "{help}");
            assert!(!help.contains("Settings") && !help.contains("--data-dir"), "{help}");
        }
    }
}
