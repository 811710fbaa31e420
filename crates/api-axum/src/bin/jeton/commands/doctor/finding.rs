//! What was found: how bad it is, what it is, and what to do.

use serde_json::{Value, json};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// It works, and could be better.
    Advice,
    /// It does not work, or is not safe.
    Problem,
}

impl Level {
    /// The stable name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Advice => "advice",
            Self::Problem => "problem",
        }
    }
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The stable name of what was looked at, such as `database.clock`.
    pub(super) check: &'static str,
    pub(super) level: Level,
    /// What it is.
    pub(super) what: String,
    /// What to do; nothing where all is well.
    pub(super) todo: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, level: Level::Ok, what: what.into(), todo: None }
    }

    pub(super) fn advice(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { check, level: Level::Advice, what: what.into(), todo: Some(todo.into()) }
    }

    pub(super) fn problem(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { level: Level::Problem, ..Self::advice(check, what, todo) }
    }

    /// As `--json` prints it.
    pub(super) fn json(&self) -> Value {
        json!({ "check": self.check, "level": self.level.as_str(), "what": self.what, "todo": self.todo })
    }
}
