//! What a new password must satisfy (NIST SP 800-63B-4 §3.1.1.2): a length, and that it is not one that is tried first. No
//! rules of composition, no change by the calendar.

use zeroize::Zeroizing;

use super::block_list::{BlockList, fold};
use super::{Password, PasswordTooLong, pattern};
use crate::model::EmailAddress;

/// The rules for new passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    min_length: usize,
    product: Vec<String>,
}

/// Whose password it is to be. What is known of him is no secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PasswordContext<'a> {
    /// His mail address.
    pub email: Option<&'a EmailAddress>,
    /// What he is called.
    pub display_name: Option<&'a str>,
}

impl<'a> PasswordContext<'a> {
    /// Everything in it, the two halves of the address too.
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        let email = self.email.map(EmailAddress::address);
        let halves = email.into_iter().flat_map(|email| email.split('@'));
        email.into_iter().chain(halves).chain(self.display_name)
    }
}

/// What a password was made of that everybody may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextWord {
    /// The mail address or a part of it.
    EmailAddress,
    /// The display name or a part of it.
    DisplayName,
    /// The name of this service.
    Product,
}

impl std::fmt::Display for ContextWord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::EmailAddress => "your mail address",
            Self::DisplayName => "your name",
            Self::Product => "the name of this service",
        })
    }
}

/// Why a new password was refused. Each says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefused {
    /// Fewer code points than the policy asks for.
    #[error("the password has {length} characters; at least {min} are needed, and a few words make a good one")]
    TooShort {
        /// How many code points it has.
        length: usize,
        /// How many it needs.
        min: usize,
    },
    /// More bytes than are ever hashed.
    #[error(transparent)]
    TooLong(#[from] PasswordTooLong),
    /// It is on the block list, or is a listed one repeated.
    #[error("the password is one of those that are tried first; take a few words that do not belong together")]
    Common,
    /// It is fewer than [`PasswordPolicy::FLOOR`] characters, again and again.
    #[error("the password repeats the same few characters; take a few words that do not belong together")]
    Repetitive,
    /// It runs along the alphabet, the digits or the keyboard.
    #[error(
        "the password runs along the alphabet, the digits or the keyboard; take a few words that do not belong together"
    )]
    Sequential,
    /// It is mostly something that others know of its owner.
    #[error("the password is mostly {0}, which others know; take a few words that have nothing to do with you")]
    Personal(ContextWord),
    /// It is among passwords that were stolen elsewhere.
    #[error(
        "the password is among those stolen elsewhere ({times} times); take another, and change it wherever else you use it"
    )]
    Breached {
        /// How often it was seen.
        times: u64,
    },
}

impl PasswordRefused {
    /// A stable name for the reason, for programs.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooShort { .. } => "too_short",
            Self::TooLong(_) => "too_long",
            Self::Common => "common",
            Self::Repetitive => "repetitive",
            Self::Sequential => "sequential",
            Self::Personal(ContextWord::EmailAddress) => "email_address",
            Self::Personal(ContextWord::DisplayName) => "display_name",
            Self::Personal(ContextWord::Product) => "product",
            Self::Breached { .. } => "breached",
        }
    }
}

impl PasswordPolicy {
    /// No policy goes below this, whatever is configured.
    pub const FLOOR: usize = 8;

    /// A policy that asks for `min_length` code points, at least [`Self::FLOOR`].
    #[must_use]
    pub fn new(min_length: usize) -> Self {
        Self { min_length: min_length.clamp(Self::FLOOR, Password::MAX_BYTES), product: Vec::new() }
    }

    /// Adds what the service is called: its product name, its host name.
    #[must_use]
    pub fn with_product<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.product.extend(names.into_iter().map(Into::into));
        self
    }

    /// How many code points it asks for.
    #[must_use]
    pub const fn min_length(&self) -> usize {
        self.min_length
    }

    /// What the service is called.
    #[must_use]
    pub fn product(&self) -> &[String] {
        &self.product
    }

    /// Takes a password that somebody wants to set.
    ///
    /// # Errors
    /// When it is too short, too long, or one that would be guessed early.
    pub fn check(&self, typed: &str, context: &PasswordContext<'_>) -> Result<Password, PasswordRefused> {
        let password = Password::new(typed)?;
        match password.code_points() {
            length if length < self.min_length => Err(PasswordRefused::TooShort { length, min: self.min_length }),
            _ => self.guessable(password.text(), context).map_or(Ok(password), Err),
        }
    }

    fn guessable(&self, password: &str, context: &PasswordContext<'_>) -> Option<PasswordRefused> {
        let folded = fold(password);
        let chars: Zeroizing<Vec<char>> = Zeroizing::new(folded.chars().collect());
        let words = self.context_words(context);
        let unit = pattern::repeated(&chars);
        if unit.is_some_and(|unit| unit.len() < Self::FLOOR) {
            return Some(PasswordRefused::Repetitive);
        }
        // To repeat what may not be a password makes none of it.
        let once = |text: &str, chars: &[char]| guessable_once(text, chars, &words);
        let repeated = |unit: &[char]| once(&Zeroizing::new(unit.iter().collect::<String>()), unit);
        once(&folded, &chars).or_else(|| unit.and_then(repeated))
    }

    /// The longest first.
    fn context_words(&self, context: &PasswordContext<'_>) -> Vec<(Vec<char>, ContextWord)> {
        let mut words = Vec::new();
        let mut add = |text: &str, kind| {
            let folded: Vec<char> = fold(text).chars().collect();
            if folded.len() >= 3 {
                words.push((folded, kind));
            }
        };
        let mut add_parts = |text: &str, kind| {
            add(text, kind);
            text.split(|c: char| !c.is_alphanumeric()).for_each(|part| add(part, kind));
            add(&text.chars().filter(|c| c.is_alphanumeric()).collect::<String>(), kind);
        };
        if let Some(email) = context.email {
            add_parts(email.address(), ContextWord::EmailAddress);
            email.address().split('@').for_each(|half| add_parts(half, ContextWord::EmailAddress));
        }
        if let Some(name) = context.display_name {
            add_parts(name, ContextWord::DisplayName);
        }
        self.product.iter().for_each(|name| add_parts(name, ContextWord::Product));
        words.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        words
    }
}

/// 15 code points.
impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::new(15)
    }
}

fn guessable_once(folded: &str, chars: &[char], words: &[(Vec<char>, ContextWord)]) -> Option<PasswordRefused> {
    if pattern::sequential(chars) {
        return Some(PasswordRefused::Sequential);
    }
    if let Some(kind) = mostly(chars, words) {
        return Some(PasswordRefused::Personal(kind));
    }
    let listed = BlockList::shipped().is_some_and(|list| list.contains(folded));
    listed.then_some(PasswordRefused::Common)
}

/// The kind of words without which fewer than [`PasswordPolicy::FLOOR`] characters are left, and less than half of them.
fn mostly(password: &[char], words: &[(Vec<char>, ContextWord)]) -> Option<ContextWord> {
    let mut covered = vec![false; password.len()];
    let mut kind = None;
    for (word, of) in words {
        for (at, window) in password.windows(word.len()).enumerate() {
            if window == word {
                kind = kind.or(Some(*of));
                covered.iter_mut().skip(at).take(word.len()).for_each(|covered| *covered = true);
            }
        }
    }
    let left = covered.iter().filter(|covered| !**covered).count();
    kind.filter(|_| left < PasswordPolicy::FLOOR && left * 2 < password.len())
}
