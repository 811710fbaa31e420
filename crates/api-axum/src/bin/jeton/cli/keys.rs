//! The commands that control the keys of access tokens.

use clap::{Subcommand, ValueEnum};
use token_core::Algorithm;

/// What to do with signing keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysAction {
    /// List the keys: which waits, which signs, which only verify, which are revoked
    #[command(
        after_help = "Examples:\n  jeton keys list\n  jeton keys list --json |\n    jq -r '.keys[] | select(.state == \"active\").kid'"
    )]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let the key that waits sign from now on; the one that signed only verifies until its last token has expired
    #[command(after_help = ROTATE)]
    Rotate {
        /// Rotate to this key, waiting or retired, as `keys list` tells it
        #[arg(long, allow_hyphen_values = true)]
        kid: Option<String>,
        /// Do it though verifiers may not know the key yet, and say what that may break
        #[arg(long)]
        force: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Kill a stolen key: everything that it signed is refused within a second, everywhere
    #[command(after_help = REVOKE)]
    Revoke {
        /// The key, as `keys list` and the `kid` in a token's header tell it
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove a key that nothing needs; the server does it by itself when the time has come
    #[command(after_help = DELETE)]
    Delete {
        /// The key, as `keys list` tells it
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Do it though tokens that it signed are alive, and say what that breaks
        #[arg(long)]
        force: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Publish a private key from elsewhere; it waits like one that the server made
    #[command(after_help = IMPORT)]
    Import {
        /// The file, or `-` for standard input: PEM (PKCS#8, SEC1 or PKCS#1), a JWK, or a JWK set with one private key
        file: String,
        /// What the key is to sign with [default: tokens.algorithm where that fits the key, else the key's own]
        #[arg(long, value_name = "ALG")]
        algorithm: Option<Algorithm>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the public keys that verify access tokens now
    #[command(name = "export-public", visible_alias = "export-jwks", after_help = EXPORT)]
    ExportPublic {
        /// The form of the keys
        #[arg(long, value_enum, default_value_t = PublicFormat::Jwks)]
        format: PublicFormat,
        /// Only this key
        #[arg(long, allow_hyphen_values = true)]
        kid: Option<String>,
    },
    /// Seal everything under the first master key of the settings, so that the others are not needed any more
    #[command(after_help = REWRAP)]
    Rewrap {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget what sessions need of a master key that was moved away from; those that still rest on it end
    #[command(name = "forget-master", after_help = FORGET)]
    ForgetMaster {
        /// The master key's id
        id: u8,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// A form of public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PublicFormat {
    /// A JWK set (RFC 7517), as `/.well-known/jwks.json` serves it
    Jwks,
    /// One `PUBLIC KEY` block for each key
    Pem,
}

/// What `jeton keys --help` ends with.
pub(super) const KEYS: &str = "\
Servers rotate by themselves; these commands are for what they cannot know.

Examples:
  jeton keys list
  jeton keys rotate
  jeton keys revoke gTdTLqu_RE-nOBNlvOW-4AoqBuBgrl0rDJXG9VqWBxA";

const ROTATE: &str = "\
Servers do this by themselves every `tokens.rotate_every`. A key signs only
after it was published for `tokens.jwks_max_age` and `tokens.key_margin`, so
that no verifier meets a token of a key that it cannot know. --force overrules
that: then verifiers that do not ask for unknown keys refuse new tokens until
they read the keys again. Running servers follow within seconds.

Examples:
  jeton keys rotate
  jeton keys rotate --kid gTdTLqu_RE-nOBNlvOW-4AoqBuBgrl0rDJXG9VqWBxA";

const REVOKE: &str = "\
If the key signs now, the one that waits takes over at once. Clients go on by
refreshing: no session ends. The private half is destroyed, and the key can
never be imported again.

Example:
  jeton keys revoke gTdTLqu_RE-nOBNlvOW-4AoqBuBgrl0rDJXG9VqWBxA";

const DELETE: &str = "\
A key that signs is never removed: rotate first. One that tokens need is
removed with --force alone; they are refused from then on.

Example:
  jeton keys delete gTdTLqu_RE-nOBNlvOW-4AoqBuBgrl0rDJXG9VqWBxA";

const IMPORT: &str = "\
The file is refused when everybody may read it, and weak keys are: RSA below
2048 bits, secrets shorter than their hash. The key is named by its RFC 7638
thumbprint. It verifies from now on, and signs after `keys rotate --kid KID`.

Examples:
  jeton keys import old-server.pem
  jeton keys import key.jwk --algorithm PS256
  openssl genpkey -algorithm ED25519 | jeton keys import -";

const EXPORT: &str = "\
Keys of HS256, HS384 and HS512 are secrets: nothing of them is printed.

Examples:
  jeton keys export-public > jwks.json
  jeton keys export-public --format pem \\
    --kid gTdTLqu_RE-nOBNlvOW-4AoqBuBgrl0rDJXG9VqWBxA";

const REWRAP: &str = "\
Put the new master key first in the settings of every server, with the old one
behind it (2:NEW,1:OLD), then run this once, then take the old one away. No
session ends. It is safe to run again, and to interrupt.

Example:
  JETON_MASTER_KEY=2:NEW,1:OLD jeton keys rewrap";

const FORGET: &str = "\
For a master key that was stolen: after `keys rewrap` its sessions live on,
and move to the new one when they are refreshed. Running servers forget it
when they start again.

Example:
  jeton keys forget-master 1";

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::{Cli, Command, KeysAction};

    #[test]
    fn a_kid_may_begin_with_a_hyphen() {
        let kid_of = |arguments: &[&str]| match Cli::try_parse_from(arguments).unwrap().command {
            Command::Keys {
                action: KeysAction::Revoke { kid, json: true } | KeysAction::Rotate { kid: Some(kid), force: true, .. },
            } => kid,
            other => panic!("{other:?}"),
        };
        assert_eq!(kid_of(&["jeton", "keys", "revoke", "-Kid", "--json"]), "-Kid");
        assert_eq!(kid_of(&["jeton", "keys", "revoke", "--json", "--kid"]), "--kid");
        assert_eq!(kid_of(&["jeton", "keys", "rotate", "--kid", "-Kid", "--force"]), "-Kid");
    }
}
