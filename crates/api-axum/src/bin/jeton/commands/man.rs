//! `jeton man`: manual pages, written from what `--help` says.

use std::fs;
use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::print;
use crate::cli::{Cli, ManArgs};
use crate::failure::{Doing as _, Failure};

pub(super) fn run(arguments: &ManArgs) -> Result<(), Failure> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &arguments.out else {
        let text = page(&command).doing("write the manual page")?;
        return print(&String::from_utf8_lossy(&text));
    };
    let doing = format!("write manual pages to {}", folder.display());
    fs::create_dir_all(folder).doing(&doing)?;
    let written = write(&command, folder).doing(&doing)?;
    print(&format!("Wrote {written} pages to {}; `man jeton` shows the first.\n", folder.display()))
}

/// Writes the page of a command and of all below it, and counts them.
fn write(command: &Command, folder: &Path) -> io::Result<usize> {
    let mut written = 1;
    fs::write(folder.join(format!("{}.1", name(command))), page(command)?)?;
    for below in command.get_subcommands() {
        written += write(below, folder)?;
    }
    Ok(written)
}

/// `jeton-users-create`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let man = Man::new(command.clone()).title(name(command).to_uppercase()).manual("Jeton");
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    man.render_options_section(&mut text)?;
    notes(command).to_writer(&mut text)?;
    Ok(text)
}

/// What stands below the options in the help: prose is filled, examples and tables stay as they are.
fn notes(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let Some(notes) = command.get_after_help() else { return roff };
    let notes = notes.to_string();
    let mut heading = None;
    for paragraph in notes.split("\n\n") {
        let (first, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
        let (title, body) = match first.strip_suffix(':').filter(|_| rest.starts_with("  ")) {
            Some(title) => (title.to_uppercase(), rest),
            None => ("NOTES".to_owned(), paragraph),
        };
        if heading.as_ref() == Some(&title) {
            roff.control("PP", []);
        } else {
            roff.control("SH", [title.as_str()]);
            heading = Some(title);
        }
        lines(&mut roff, body);
    }
    roff
}

/// Lines that are indented are shown one by one.
fn lines(roff: &mut Roff, body: &str) {
    let mut literal = false;
    for line in body.lines() {
        if line.starts_with("  ") != literal {
            literal = !literal;
            roff.control(if literal { "nf" } else { "fi" }, []);
        }
        roff.text([roman(line)]);
    }
    if literal {
        roff.control("fi", []);
    }
}
