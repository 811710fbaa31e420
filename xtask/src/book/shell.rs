//! Runs the commands of a page, in its order, in one shell, as a reader would.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::expected::fits;
use super::page::{Page, Step};
use super::sandbox::Sandbox;
use crate::run::{Failure, not_started, succeeds};

/// The whole page has to be done by then.
const LIMIT: Duration = Duration::from_secs(600);

/// Servers finish what is in flight.
const GRACE: Duration = Duration::from_secs(5);

/// A part of the shell's script.
struct Part {
    line: usize,
    commands: String,
    exit: i32,
    background: Option<String>,
    expected: Option<String>,
}

/// Runs the page; answers how many blocks were run.
pub(super) fn run(page: &Page, sandbox: &Sandbox) -> Result<usize, Vec<String>> {
    let parts = parts(page);
    if parts.is_empty() {
        return Ok(0);
    }
    let wrong = |error: Failure| vec![format!("{}: {error}", page.path.display())];
    let (reached, ended_well) = execute(&parts, sandbox).map_err(wrong)?;
    let mut faults = Vec::new();
    for (number, part) in parts.iter().enumerate().take(reached) {
        let printed = fs::read_to_string(sandbox.folder.join(format!("printed/{number}"))).unwrap_or_default();
        let printed = sandbox.in_the_book(&printed);
        let place = format!("{}:{}", page.path.display(), part.line);
        if number.saturating_add(1) == reached && !ended_well {
            faults.push(format!(
                "{place}: these commands fail:\n{}\n  they print:\n{}",
                indented(&part.commands),
                indented(&printed)
            ));
        } else if let Some(expected) = part.expected.as_ref().filter(|expected| !fits(expected, &printed)) {
            faults.push(format!("{place}: the book says\n{}\n  but it is\n{}", indented(expected), indented(&printed)));
        }
    }
    if faults.is_empty() { Ok(parts.len()) } else { Err(faults) }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// The page's blocks as parts of a script. A `text` block right after commands is what they print.
fn parts(page: &Page) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut printing = false;
    for step in page.steps.iter().filter(|step| step.notes.not_run.is_none()) {
        let language = step.language.as_str();
        if let Some(file) = &step.notes.file {
            parts.push(part(step, written(file, &step.text)));
        } else if language == "sh" {
            parts.push(part(step, step.text.clone()));
        } else if language == "console" {
            parts.extend(session(step));
        } else if let Some(last) = parts.last_mut().filter(|_| language == "text" && printing && step.follows) {
            last.expected = Some(step.text.clone());
        }
        printing = language == "sh" && step.notes.file.is_none() && step.notes.background.is_none();
    }
    parts
}

fn part(step: &Step, commands: String) -> Part {
    let (exit, background) = (step.notes.exit, step.notes.background.clone());
    Part { line: step.line, commands, exit, background, expected: None }
}

/// The command that writes a block into a file.
fn written(file: &str, text: &str) -> String {
    format!("mkdir -p \"$(dirname '{file}')\"\ncat > '{file}' <<'THE BLOCK ENDS'\n{text}THE BLOCK ENDS\n")
}

/// A block with prompts: each command with what it prints.
fn session(step: &Step) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut continued = false;
    for (number, line) in step.text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            let mut part = part(step, format!("{command}\n"));
            part.line = part.line.saturating_add(number).saturating_add(1);
            part.exit = 0;
            part.expected = Some(String::new());
            parts.push(part);
        } else if let Some(part) = parts.last_mut() {
            let _ = if continued {
                writeln!(part.commands, "{line}")
            } else {
                writeln!(part.expected.get_or_insert_default(), "{line}")
            };
        }
        continued = line.ends_with('\\') && (continued || line.starts_with("$ "));
    }
    if let Some(last) = parts.last_mut() {
        last.exit = step.notes.exit;
    }
    parts
}

/// Runs the script; answers how many parts were begun, and whether the last of them ended well.
fn execute(parts: &[Part], sandbox: &Sandbox) -> Result<(usize, bool), Failure> {
    let failed = |error| Failure::new(format!("{}: {error}", sandbox.folder.display()));
    let mut script = String::from("set -eEuo pipefail\numask 022\n");
    for (number, part) in parts.iter().enumerate() {
        fs::write(sandbox.folder.join(format!("steps/{number}")), sandbox.here(&part.commands)).map_err(failed)?;
        let (file, printed) = (format!("\"$BOOK/steps/{number}\""), format!("\"$BOOK/printed/{number}\""));
        let _ = writeln!(script, "echo {number} >> \"$BOOK/begun\"");
        let _ = match (&part.background, part.exit) {
            (Some(address), _) => writeln!(
                script,
                "( . {file} ) > {printed} 2>&1 < /dev/null &\nbook_pid=$!\n\
                 until curl -s -o \"$BOOK/ignored\" '{}'; do kill -0 $book_pid; sleep 0.1; done",
                sandbox.here(address)
            ),
            (None, 0) => writeln!(script, ". {file} > {printed} 2>&1 < /dev/null"),
            (None, exit) => writeln!(
                script,
                "book_exit=0; bash -eu {file} > {printed} 2>&1 < /dev/null || book_exit=$?\n[ $book_exit = {exit} ]"
            ),
        };
    }
    fs::write(sandbox.folder.join("script"), script).map_err(failed)?;
    let mut command = sandbox.command("bash");
    command.arg(sandbox.folder.join("script")).stdin(Stdio::null()).process_group(0);
    let mut child = command.spawn().map_err(|error| not_started(&command, &error))?;
    let start = Instant::now();
    let ended_well = loop {
        match child.try_wait().map_err(failed)? {
            Some(status) => break status.success(),
            None if start.elapsed() > LIMIT => break false,
            None => sleep(Duration::from_millis(20)),
        }
    };
    end(child.id());
    let _ = child.wait();
    let begun = fs::read_to_string(sandbox.folder.join("begun")).unwrap_or_default().lines().count();
    Ok((begun, ended_well))
}

/// Ends whatever the page left running: servers that it started, and their children. The group is there until the last has ended.
fn end(group: u32) {
    let group = format!("-{group}");
    let send = |signal| succeeds(Command::new("kill").args([signal, "--", &group]));
    send("-TERM");
    let start = Instant::now();
    while send("-0") && start.elapsed() < GRACE {
        sleep(Duration::from_millis(20));
    }
    send("-KILL");
}

#[cfg(test)]
mod tests {
    use super::{Page, parts};

    #[test]
    fn commands_have_what_they_print() {
        let text = "```sh\necho a\n```\n\n```text\na\n```\n\nAs in\n\n```text\nfree\n```\n\n<!-- exit: 1 -->\n```console\n$ echo b \\\n  c\nb c\n$ false\n```\n";
        let parts = parts(&Page::read("a.md".into(), text));
        let found: Vec<_> =
            parts.iter().map(|part| (part.commands.as_str(), part.expected.as_deref(), part.exit)).collect();
        assert_eq!(
            found,
            [("echo a\n", Some("a\n"), 0), ("echo b \\\n  c\n", Some("b c\n"), 0), ("false\n", Some(""), 1)]
        );
    }
}
