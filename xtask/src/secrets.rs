//! How the demo shows secrets: cut short, and numbered so that a reader can tell them apart.

use std::cell::RefCell;

use serde_json::Value;

/// How much of a secret is shown.
const SHOWN: usize = 12;

/// The tokens that were shown before, in their order.
#[derive(Default)]
pub(crate) struct Secrets {
    seen: RefCell<Vec<String>>,
}

impl Secrets {
    /// The value with its secrets cut short.
    pub(crate) fn hide(&self, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.hide_member(name, value))).collect()
            }
            Value::Array(items) => items.iter().map(|item| self.hide(item)).collect(),
            other => other.clone(),
        }
    }

    fn hide_member(&self, name: &str, value: &Value) -> Value {
        match (name, value.as_str()) {
            ("password", Some(secret)) => start(secret).into(),
            ("access_token" | "refresh_token", Some(secret)) => self.token(secret).into(),
            _ => self.hide(value),
        }
    }

    /// The token's start and its number: tokens of one session begin alike.
    pub(crate) fn token(&self, secret: &str) -> String {
        let mut seen = self.seen.borrow_mut();
        let known = seen.iter().position(|token| token == secret);
        let index = known.unwrap_or_else(|| {
            seen.push(secret.to_owned());
            seen.len() - 1
        });
        format!("{} (token {})", start(secret), index + 1)
    }
}

fn start(secret: &str) -> String {
    let start: String = secret.chars().take(SHOWN).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Secrets;

    #[test]
    fn secrets_are_cut_short_wherever_they_stand() {
        let answer =
            json!({"all": [{"refresh_token": "jrt_0123456789abcdef", "expires_in": 900}], "password": "correct horse"});
        assert_eq!(
            Secrets::default().hide(&answer),
            json!({"all": [{"refresh_token": "jrt_01234567… (token 1)", "expires_in": 900}], "password": "correct hors…"})
        );
    }

    #[test]
    fn tokens_that_begin_alike_are_told_apart_and_the_same_one_keeps_its_number() {
        let secrets = Secrets::default();
        assert_eq!(secrets.token("jrt_01234567-one"), "jrt_01234567… (token 1)");
        assert_eq!(secrets.token("jrt_01234567-two"), "jrt_01234567… (token 2)");
        assert_eq!(secrets.token("jrt_01234567-one"), "jrt_01234567… (token 1)");
    }
}
