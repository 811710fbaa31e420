//! How hard a password is to guess, as zxcvbn estimates it (Wheeler, USENIX Security 2016). Advice for the page on which it
//! is typed; nothing is refused for it.

use crate::model::{Password, PasswordContext, PasswordPolicy};

/// No more characters are looked at: the time grows faster than the length, and what follows only adds strength.
const MOST_CHARACTERS: usize = 32;
/// Of each context word.
const MOST_OF_A_WORD: usize = 64;

/// An estimate of how hard a password is to guess.
#[derive(Clone, Debug, PartialEq)]
pub struct Strength {
    /// 0 (guessed at once) to 4 (very hard to guess).
    pub score: u8,
    /// The power of ten of the guesses that find it. Zero for an empty password.
    pub guesses_log10: f64,
    /// What makes it weak, in English.
    pub warning: Option<String>,
    /// What would make it stronger, in English.
    pub suggestions: Vec<String>,
}

/// Estimates the strength of a password for the one who sets it. Takes about a millisecond, and up to a tenth of a second
/// for text made to be slow (`4@8({[<369&#!`): not for a thread that serves others.
#[must_use]
pub fn strength(password: &Password, policy: &PasswordPolicy, context: &PasswordContext<'_>) -> Strength {
    let beginning: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(password.text().chars().take(MOST_CHARACTERS).collect());
    let words = context.words().chain(policy.product().iter().map(String::as_str));
    let words: Vec<String> = words.map(|word| word.chars().take(MOST_OF_A_WORD).collect()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let estimate = zxcvbn::zxcvbn(&beginning, &words);
    let feedback = estimate.feedback();
    let suggestions = feedback.map(|feedback| feedback.suggestions().iter().map(ToString::to_string).collect());
    Strength {
        score: estimate.score().into(),
        guesses_log10: estimate.guesses_log10().max(0.0),
        warning: feedback.and_then(zxcvbn::feedback::Feedback::warning).map(|warning| warning.to_string()),
        suggestions: suggestions.unwrap_or_default(),
    }
}
