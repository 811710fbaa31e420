//! Checks what is not a command: JSON parses, settings are good, sources are a part of what compiles.

use std::fs;
use std::process::{Command, Stdio};

use super::page::{Page, Step};
use super::sandbox::Sandbox;
use crate::run::root;

/// Languages that say nothing a check could hold on to.
const FREE: [&str; 2] = ["text", "mermaid"];
/// What `webhooks` of the book are signed with, and what its mail server wants.
const SECRETS: [(&str, &str); 2] =
    [("jeton-webhook", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="), ("smtp-password", "a password")];

/// What is wrong with the page's blocks.
pub(super) fn faults(page: &Page, sandbox: &Sandbox) -> Vec<String> {
    let mut faults = Vec::new();
    for step in &page.steps {
        let found = match (step.language.as_str(), &step.notes) {
            (_, notes) if notes.not_run.is_some() || notes.file.is_some() => None,
            (_, notes) if notes.from.is_some() => not_in_source(step, notes.from.as_deref().unwrap_or_default()),
            ("rust", _) if step.text.trim_start().starts_with("{{#include ") => not_included(page, step),
            ("sh" | "console", _) => None,
            (language, _) if FREE.contains(&language) => None,
            ("json", _) => serde_json::from_str::<serde_json::Value>(&step.text).err().map(|error| error.to_string()),
            ("toml", _) => settings(step, sandbox),
            ("python", _) => parsed(step, "python3", &["-c", "import ast, sys; ast.parse(sys.stdin.read())"]),
            ("", _) => Some("it has no language: `text` where there is none".to_owned()),
            (language, _) => Some(format!(
                "nothing checks `{language}`: write it to a file (`<!-- file: PATH -->`), take it from a source \
                 (`<!-- from: PATH -->`), or say why not (`<!-- not run: … -->`)"
            )),
        };
        faults.extend(found.map(|fault| format!("{}:{}: {fault}", page.path.display(), step.line)));
    }
    faults
}

/// Whether the source and the part of it are there that the book takes in; sources of the workspace are compiled.
fn not_included(page: &Page, step: &Step) -> Option<String> {
    let named = step.text.trim().strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}"));
    let Some((path, anchor)) = named.and_then(|named| named.split_once(':')) else {
        return Some("it takes in more than one part of a source: `{{#include PATH:PART}}` alone".to_owned());
    };
    let folder = root().join(&page.path).parent().map(std::path::Path::to_owned).unwrap_or_default();
    match fs::read_to_string(folder.join(path)) {
        Ok(source) if source.contains(&format!("ANCHOR: {anchor}\n")) => None,
        Ok(_) => Some(format!("{path} has no part `{anchor}`")),
        Err(error) => Some(format!("{path}: {error}")),
    }
}

/// Whether the block's lines follow one another in this source, at whatever depth. `…` in the block leaves lines out.
fn not_in_source(step: &Step, source: &str) -> Option<String> {
    let Ok(text) = fs::read_to_string(root().join(source)) else {
        return Some(format!("{source} cannot be read"));
    };
    // In a documentation test it stands behind `///`.
    let strip = |line: &str| line.trim_start_matches([' ', '/']).trim_end().to_owned();
    let bare = |text: &str| {
        text.lines()
            .map(strip)
            .filter(|line| !line.is_empty() && !line.starts_with("# "))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let (text, block) = (bare(&text), bare(&step.text));
    let missing = block.split("\n…\n").find(|part| !text.contains(part.trim()));
    missing.map(|part| format!("{source} has no such lines: {}", part.lines().next().unwrap_or_default()))
}

/// Whether `jeton config check` takes it.
fn settings(step: &Step, sandbox: &Sandbox) -> Option<String> {
    let file = sandbox.folder.join(format!("line-{}.toml", step.line));
    let prepared = SECRETS.iter().try_for_each(|(name, text)| sandbox.secret(name, text));
    if let Err(failure) = prepared {
        return Some(failure.to_string());
    }
    if let Err(error) = fs::write(&file, sandbox.here(&step.text)) {
        return Some(error.to_string());
    }
    let mut command = sandbox.command("jeton");
    command.args(["config", "check", "--config"]).arg(&file).env_remove("JETON_LISTEN");
    command.env("JETON_MAIL__PASSWORD_FILE", sandbox.folder.join("run/secrets/smtp-password"));
    if !step.text.contains("user = ") {
        command.env_remove("JETON_MAIL__PASSWORD_FILE");
    }
    let output = command.output().ok()?;
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn parsed(step: &Step, program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let outcome = command.spawn().and_then(|mut child| {
        if let Some(mut stdin) = child.stdin.take() {
            std::io::Write::write_all(&mut stdin, step.text.as_bytes())?;
        }
        child.wait_with_output()
    });
    match outcome {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Some(format!("{program}: {error}")),
    }
}
