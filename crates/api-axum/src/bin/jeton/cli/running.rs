//! The commands that help to run a server: `doctor`, `completions` and `man`.

use std::path::PathBuf;

use auth_domain::model::EmailAddress;
use clap::Args;
use clap_complete::Shell;

/// What to look at, and how to say it.
#[derive(Debug, Args)]
#[command(after_help = DOCTOR)]
pub(crate) struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Send a mail to this address, to see that it arrives
    #[arg(long, value_name = "ADDRESS", value_parser = EmailAddress::parse)]
    pub(crate) send_test_mail: Option<EmailAddress>,
    /// The least room on the disk of the data folder, such as 500MiB
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = size)]
    pub(crate) min_free: u64,
}

const DOCTOR: &str = "\
It looks at the configuration, the database, the clock, the keys, mail, what
stands in front of the server, and the servers that run. It changes nothing
and shows no secret; give it the same settings as the server.

Each finding is `ok`, `advice` or `problem`, with what to do about it.

Exit codes:
  0  no problem
  1  a problem was found
  2  wrong usage

Examples:
  jeton doctor
  jeton doctor --config /etc/jeton/jeton.toml
  jeton doctor --send-test-mail you@example.com
  jeton doctor --json | jq '.findings[] | select(.level == \"problem\")'";

/// Which shell.
#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

const COMPLETIONS: &str = "\
Put what it prints where your shell looks for it.

Examples:
  jeton completions bash > /etc/bash_completion.d/jeton
  jeton completions zsh > ~/.zfunc/_jeton     (with ~/.zfunc in $fpath)
  jeton completions fish > ~/.config/fish/completions/jeton.fish
  source <(jeton completions bash)            for this shell alone";

/// Where to write manual pages.
#[derive(Debug, Args)]
#[command(after_help = MAN)]
pub(crate) struct ManArgs {
    /// Write the pages of all commands into this folder, which is made
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
}

const MAN: &str = "\
Examples:
  jeton man | man -l -
  jeton man --out /usr/local/share/man/man1   then: man jeton-users-create";

/// Reads a size: a number of bytes, or with KiB, MiB, GiB or TiB.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u32); 5] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0)];
    let found = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
    let (number, shift) = found.unwrap_or((text, 0));
    let bytes = number.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(1 << shift));
    bytes.ok_or_else(|| "a number of bytes, or one with KiB, MiB, GiB or TiB, such as 500MiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read_with_or_without_a_unit() {
        for (text, bytes) in
            [("0", 0), ("12", 12), ("7B", 7), ("2KiB", 2_048), ("500MiB", 500 << 20), ("1 GiB", 1 << 30)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "GiB", "1GB", "-1", "1.5GiB", "99999999TiB"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
