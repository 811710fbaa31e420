//! The commands that control accounts, sessions and API keys in the database.

use std::path::PathBuf;
use std::str::FromStr;

use auth_domain::model::{
    AccountId, ApiKeyId, ApiScope, EmailAddress, EventKind, InvalidEmailAddress, Locale, Role, SessionId,
};
use clap::{Args, Subcommand, ValueEnum};

/// An account, by its mail address or its id.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    /// By its id.
    Id(AccountId),
    /// By its mail address.
    Email(EmailAddress),
}

impl FromStr for Who {
    type Err = InvalidEmailAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Id).or_else(|_| EmailAddress::parse(text).map(Self::Email))
    }
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum UsersAction {
    /// Create an account; asks for its password
    #[command(after_help = USERS_CREATE)]
    Create {
        /// Its mail address
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// Give it the role admin
        #[arg(long)]
        admin: bool,
        /// What its owner wants to be called
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// The language of its mails: en or ko
        #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = locale)]
        locale: Locale,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Mail somebody an invitation to register, good once and for a week
    #[command(after_help = USERS_INVITE)]
    Invite {
        /// The mail address that the account is to have
        #[arg(value_parser = EmailAddress::parse)]
        email: EmailAddress,
        /// The language of the mail: en or ko
        #[arg(long, value_name = "LANGUAGE", default_value = "en", value_parser = locale)]
        locale: Locale,
    },
    /// Import accounts of other software, with the hashes of their passwords
    #[command(after_help = USERS_IMPORT)]
    Import {
        /// A file of CSV or JSON lines
        file: PathBuf,
        /// The form of the file [default: jsonl for .jsonl, .ndjson and .json, csv otherwise]
        #[arg(long)]
        format: Option<ImportFormat>,
        /// Check every row and write nothing
        #[arg(long)]
        dry_run: bool,
        /// Write every row that was refused, with its line and the reason, to this file (CSV)
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
    },
    /// List accounts in the order of their mail addresses
    #[command(after_help = "Examples:\n  jeton users list --email ali\n  jeton users list --json | jq -r '.[].email'")]
    List {
        /// Only addresses that begin so
        #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
        email: String,
        #[command(flatten)]
        listing: Listing,
    },
    /// Disable an account: it cannot sign in, and all its sessions end at once
    #[command(after_help = "Example:\n  jeton users disable alice@example.com")]
    Disable {
        /// Its mail address or id
        #[arg(value_name = "EMAIL_OR_ID")]
        who: Who,
    },
    /// Enable an account again; its sessions stay ended
    #[command(after_help = "Example:\n  jeton users enable alice@example.com")]
    Enable {
        /// Its mail address or id
        #[arg(value_name = "EMAIL_OR_ID")]
        who: Who,
    },
    /// Remove every second factor of an account, whose owner has lost them all
    #[command(after_help = USERS_REMOVE_FACTORS)]
    RemoveFactors {
        /// Its mail address or id
        #[arg(value_name = "EMAIL_OR_ID")]
        who: Who,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Give an account a role, or take one away
    #[command(after_help = USERS_ROLE)]
    Role {
        /// Its mail address or id
        #[arg(value_name = "EMAIL_OR_ID")]
        who: Who,
        /// What to do
        change: RoleChange,
        /// The role, such as admin
        #[arg(value_parser = Role::new)]
        role: Role,
    },
    /// Delete an account and its sessions; its security events stay
    #[command(after_help = "Example:\n  jeton users delete alice@example.com")]
    Delete {
        /// Its mail address or id
        #[arg(value_name = "EMAIL_OR_ID")]
        who: Who,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What to do with a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleChange {
    /// Give it
    Add,
    /// Take it away
    Remove,
}

const USERS_CREATE: &str = "\
It works on the database of the settings, whether or not a server runs, and
the rules for passwords are the server's.

Examples:
  jeton users create --email you@example.com --admin
  pass show jeton/alice | jeton users create --email alice@example.com \\
    --display-name Alice --password-stdin";

/// What `jeton users --help` ends with.
pub(super) const USERS: &str = "\
Examples:
  jeton users create --email you@example.com --admin
  jeton users list --email ali
  jeton users disable alice@example.com";

/// The form of a file of accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    /// Comma-separated values with a header
    Csv,
    /// One JSON object a line
    Jsonl,
}

fn locale(tag: &str) -> Result<Locale, String> {
    Locale::ALL
        .into_iter()
        .find(|locale| locale.as_str() == tag)
        .ok_or_else(|| "mails are written in en and ko".to_owned())
}

const USERS_INVITE: &str = "\
A running server sends the mail. Who opens its link registers with this
address, even where registration is by invitation alone or the address's
domain is not among those allowed.

Examples:
  jeton users invite alice@example.com
  jeton users invite alice@example.com --locale ko";

const USERS_IMPORT: &str = "\
Columns: email, password_hash, display_name, roles, locale, email_verified,
created_at; only email is needed. Hashes of argon2, bcrypt, scrypt and PBKDF2,
as passlib, Django and Werkzeug write them, are verified and replaced at the
first login. A row that cannot be imported is told with its line, and the
others go on; exit code 1 when there was one. An address that has an account
is left as it is, so that the same file can be imported again.

Examples:
  jeton users import users.csv --dry-run
  jeton users import users.csv --report refused.csv
  jeton users import users.jsonl";

const USERS_REMOVE_FACTORS: &str = "\
Whoever knows the password, or reads the account's mail, can sign in
afterwards: make sure that it is the owner who asks. The owner gets a mail
about it.

Example:
  jeton users remove-factors alice@example.com";

const USERS_ROLE: &str = "\
Access tokens say so from their next refresh on. `admin` is the role that may
use /v1/admin.

Examples:
  jeton users role alice@example.com add admin
  jeton users role alice@example.com remove billing:read";

/// What `jeton sessions --help` ends with.
pub(super) const SESSIONS: &str = "\
Examples:
  jeton sessions list alice@example.com
  jeton sessions revoke --all alice@example.com";

/// What `jeton events --help` ends with.
pub(super) const EVENTS: &str = "\
Examples:
  jeton events list --user alice@example.com
  jeton events tail --kind refresh_replayed";

/// What `jeton apikeys --help` ends with.
pub(super) const APIKEYS: &str = "\
Examples:
  jeton apikeys create --name notes --scope revocations > notes.key
  jeton apikeys list";

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionsAction {
    /// List an account's signed-in devices, the newest first
    #[command(after_help = "Example:\n  jeton sessions list alice@example.com")]
    List {
        /// Its mail address or id
        #[arg(value_name = "EMAIL_OR_ID")]
        who: Who,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a session, or all of an account; running servers refuse its tokens within a second
    #[command(after_help = SESSIONS_REVOKE)]
    Revoke {
        /// The session's id, as `sessions list` and the claim `sid` tell it
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<SessionId>,
        /// All sessions of this account
        #[arg(long, value_name = "EMAIL_OR_ID")]
        all: Option<Who>,
    },
}

const SESSIONS_REVOKE: &str = "\
Examples:
  jeton sessions revoke 019b6f4e-7c1e-7bb0-a7d4-0d1f3a1e2c55
  jeton sessions revoke --all alice@example.com";

/// What to do with security events.
#[derive(Debug, Subcommand)]
pub(crate) enum EventsAction {
    /// List security events, the newest first
    #[command(after_help = "Examples:\n  jeton events list\n  jeton events list --user alice@example.com --json")]
    List {
        /// Only those of one account; a deleted one is known by its id alone
        #[arg(long, value_name = "EMAIL_OR_ID")]
        user: Option<Who>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Print the latest security events as JSON lines, the oldest first, and go on with each new one
    #[command(after_help = EVENTS_TAIL)]
    Tail {
        /// Only those of one account; a deleted one is known by its id alone
        #[arg(long, alias = "user", value_name = "EMAIL_OR_ID")]
        account: Option<Who>,
        /// Only those of this kind, such as `session_opened`; may be given again
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<EventKind>,
        /// How many of those before are printed first
        #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=100_000))]
        lines: u32,
        /// Go on with each new one; it is the default
        #[arg(long, short, overrides_with = "no_follow")]
        follow: bool,
        /// End after the latest
        #[arg(long)]
        no_follow: bool,
    },
}

const EVENTS_TAIL: &str = "\
It reads the database once a second, whichever server wrote to it, and ends
when nobody reads its output.

Examples:
  jeton events tail
  jeton events tail --kind refresh_replayed --lines 0 |
    while read -r event; do notify \"$event\"; done
  jeton events tail --account alice@example.com --no-follow | jq .kind";

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum ApiKeysAction {
    /// Make a key and print it; it cannot be shown again
    #[command(after_help = APIKEYS_CREATE)]
    Create {
        /// What to call it, such as the resource server that gets it
        #[arg(long)]
        name: String,
        /// What it may be used for: revocations (to follow the feed) or introspect; may be given again
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<ApiScope>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List all keys, the newest first
    #[command(after_help = "Example:\n  jeton apikeys list")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key at once
    #[command(after_help = "Example:\n  jeton apikeys revoke 019b6f4e-7c1e-7bb0-a7d4-0d1f3a1e2c55")]
    Revoke {
        /// Its id, as `apikeys list` tells it
        id: ApiKeyId,
    },
}

const APIKEYS_CREATE: &str = "\
Standard output has the key alone, so that it can go into a file; what is said
about it goes to standard error.

Examples:
  jeton apikeys create --name notes --scope revocations > notes.key
  jeton apikeys create --name gateway --scope introspect --scope revocations";

/// How much of a list is printed, and how.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Listing {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The most that are printed
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) limit: u32,
}
