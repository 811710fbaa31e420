//! The commands that read a token and need neither server, database nor settings: `inspect` and `verify`.

use std::path::PathBuf;

use clap::{Args, ColorChoice};
use token_core::{Algorithm, UnixTime};

/// What to show.
#[derive(Debug, Args)]
#[command(after_help = INSPECT, next_line_help = true)]
pub(crate) struct InspectArgs {
    /// The token; `-`, or nothing, reads it from standard input
    pub(crate) token: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Look at its times as of then: RFC 3339, or Unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) at: Option<UnixTime>,
    #[command(flatten)]
    pub(crate) colours: Colours,
    #[command(flatten)]
    issuer: UnusedIssuer,
    #[command(flatten)]
    unused: Unused,
}

const INSPECT: &str = "\
Nothing is verified: anyone may have written the token. To verify it, use
`jeton verify`. What can be said without its key is said: whether its form is
sound, and why an access token of these claims would be refused.

Exit codes:
  0  its form is sound, even if it has expired
  1  every verifier would refuse it, whatever its key and the time
  2  wrong usage
  3  the token could not be read

Other users of the machine can read arguments, so give a live token by
standard input.

Examples:
  jeton inspect eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.AA
  curl -s … | jq -r .access_token | jeton inspect
  jeton inspect --json - < token.txt | jq .payload.json
  jeton inspect --color always - < token.txt | less -R";

/// What to verify, with which keys, and by which rules.
#[derive(Debug, Args)]
#[command(after_help = VERIFY, next_line_help = true)]
pub(crate) struct VerifyArgs {
    /// The token; `-`, or nothing, reads it from standard input
    #[arg(conflicts_with = "batch")]
    pub(crate) token: Option<String>,
    /// The keys: a JWK set, one JWK, or a public key in PEM, in a file or at
    /// an https address (http only on this machine). A secret key (`oct`)
    /// only in a file
    #[arg(long, verbatim_doc_comment, value_name = "FILE|URL", required_unless_present = "batch")]
    pub(crate) jwks: Option<String>,
    /// The algorithm of a key in PEM, which does not say it
    /// [default: that of its type: EdDSA, ES256, ES384 or RS256]
    #[arg(long, verbatim_doc_comment, value_name = "ALG")]
    pub(crate) algorithm: Option<Algorithm>,
    /// Whom `iss` must name, exactly
    #[arg(long, value_name = "ISSUER")]
    pub(crate) issuer: Option<String>,
    /// What `aud` must contain; given again, one of them is enough
    #[arg(long, value_name = "AUDIENCE")]
    pub(crate) audience: Vec<String>,
    /// The kind of token that `typ` must name
    #[arg(long, value_name = "TYPE", default_value = "at+jwt", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) typ: String,
    /// Verify as of then: RFC 3339, or Unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) at: Option<UnixTime>,
    /// How far clocks may differ, for `exp`, `nbf` and `iat`
    /// [default: 0 for `exp`, 30 for `nbf` and `iat`]
    #[arg(long, verbatim_doc_comment, value_name = "SECONDS")]
    pub(crate) leeway: Option<u64>,
    /// Verify the signature alone, of any JWS, and show the payload
    #[arg(long, conflicts_with_all = ["issuer", "audience", "typ", "at", "leeway"])]
    pub(crate) signature_only: bool,
    /// Answer JSON lines on standard input, one by one
    #[arg(long)]
    pub(crate) batch: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) colours: Colours,
    #[command(flatten)]
    unused: Unused,
}

const VERIFY: &str = "\
An access token (`at+jwt`) is held to the rules that Jeton's guard has, RFC
9068; another --typ to those of RFC 7519, with `iss`, `aud` and `exp` required.
--issuer and --audience are needed: a signature alone does not say that a
token was meant for you. Whether its session has been ended is not known here.

A token's `kid` is looked up in the keys. A single key without a `kid`, as in
PEM, stands for every `kid`.

Batch: each line is an object
  {\"jwks\":…,\"token\":\"…\"}
with `jwks` a JWK set or a JWK, as an object or as text. It may have `issuer`,
`audience` (text or array), `typ`, `at` and `signature_only`, which win over
the flags, and an `id`, which is repeated in the answer; any other member is
refused. Issuer and audience are compared only where they are given. Answers:
  {\"valid\":true,\"reason\":null} or {\"valid\":false,\"reason\":\"expired: …\"}
in order and at once. The word before the colon is stable. A line that cannot
be understood is answered with `bad_request: …`, keys with `bad_keys: …`.

Exit codes:
  0  valid; in a batch, every line could be understood
  1  not valid; in a batch, a line could not be understood
  2  wrong usage
  3  the keys or the token could not be had: file, network, not a JWK set,
     a weak key

Examples:
  jeton verify --issuer https://login.example.com --audience notes \\
    --jwks https://login.example.com/.well-known/jwks.json < token.txt
  jeton verify --jwks keys.json --issuer me --audience notes \\
    --at 2027-01-15T08:00:00Z - < token.txt
  jeton verify --jwks key.json --signature-only eyJhbGciOiJFZERTQSJ9.…
  jeton verify --batch < lines.jsonl | jq -r .reason";

/// When to use colour.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Colours {
    /// Use colour: auto, always or never. `auto`, the default, does so on a
    /// terminal unless `NO_COLOR` is set
    #[arg(
        long,
        verbatim_doc_comment,
        value_enum,
        value_name = "WHEN",
        default_value_t = ColorChoice::Auto,
        hide_default_value = true,
        hide_possible_values = true
    )]
    color: ColorChoice,
}

impl Colours {
    /// The choice, as the stream takes it.
    pub(crate) const fn choice(self) -> anstream::ColorChoice {
        match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
    }
}

/// The settings of all other commands, kept out of the help of those that read none. They have no effect.
#[derive(Debug, Args)]
struct Unused {
    #[arg(long, hide = true)]
    config: Option<PathBuf>,
    #[arg(long, hide = true)]
    listen: Option<String>,
    #[arg(long, hide = true)]
    data_dir: Option<String>,
    #[arg(long, hide = true)]
    database_url: Option<String>,
    #[arg(long, hide = true)]
    log_format: Option<String>,
    #[arg(long, hide = true)]
    log_level: Option<String>,
}

/// The same for the one setting that `verify` has an own use for.
#[derive(Debug, Args)]
struct UnusedIssuer {
    #[arg(long, hide = true)]
    issuer: Option<String>,
}

/// Reads a time: RFC 3339, or seconds since the epoch.
pub(crate) fn time(text: &str) -> Result<UnixTime, String> {
    let secs = match text.parse::<u64>() {
        Ok(secs) => Some(secs),
        Err(_) => text.parse::<jiff::Timestamp>().ok().and_then(|at| u64::try_from(at.as_second()).ok()),
    };
    let time = secs.and_then(|secs| UnixTime::try_from(secs).ok());
    time.ok_or_else(|| "give it as 2027-01-15T08:00:00Z, or in seconds since 1970".to_owned())
}
