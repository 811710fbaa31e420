//! Mail addresses: kept as they were given, unique in their canonical form.

use std::fmt;

use email_address::{EmailAddress as Syntax, Options};
use unicode_normalization::UnicodeNormalization;

/// A mail address. Mail goes to [`address`](Self::address) only; accounts are unique on [`canonical`](Self::canonical).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    address: String,
    canonical: String,
}

/// Why a mail address was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a mail address; it should look like name@example.com, with at most 254 bytes")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// Reads an address (RFC 5321 §4.1.2, RFC 6531), white space around it cut off, in Unicode NFC.
    ///
    /// The canonical form is the local part in lower case and the domain in its ASCII form (RFC 5891), so that two
    /// spellings which a reader or a mail server takes for one address cannot become two accounts.
    ///
    /// # Errors
    /// When it is not an address, has a display name or an address literal, or is longer than 254 bytes.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let address: String = text.trim().nfc().collect();
        if address.len() > 254 || address.chars().any(char::is_control) {
            return Err(InvalidEmailAddress);
        }
        let options = Options::default().without_display_text().without_domain_literal();
        let syntax = Syntax::parse_with_options(&address, options).map_err(|_| InvalidEmailAddress)?;
        let domain = idna::domain_to_ascii_strict(syntax.domain()).map_err(|_| InvalidEmailAddress)?;
        let local: String = syntax.local_part().to_lowercase().nfc().collect();
        Ok(Self { canonical: format!("{local}@{domain}"), address })
    }

    /// The address as its owner wrote it, in NFC.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The form that is unique among accounts.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

/// Addresses are personal data: `Debug`, which ends up in logs, shows the domain only.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress(…@{})", self.canonical.rsplit('@').next().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Result<String, InvalidEmailAddress> {
        EmailAddress::parse(text).map(|email| email.canonical().to_owned())
    }

    #[test]
    fn the_canonical_form_folds_case_white_space_and_unicode() {
        for (given, expected) in [
            ("alice@example.com", "alice@example.com"),
            ("  Alice@EXAMPLE.com ", "alice@example.com"),
            ("ALICE@bücher.example", "alice@xn--bcher-kva.example"),
            ("e\u{301}va@example.com", "\u{e9}va@example.com"),
        ] {
            assert_eq!(canonical(given).as_deref(), Ok(expected), "{given}");
        }
    }

    #[test]
    fn the_kelvin_sign_makes_no_second_account() {
        assert_eq!(canonical("mi\u{212a}e@example.com"), canonical("mike@example.com"));
    }

    #[test]
    fn the_address_is_kept_as_it_was_given() {
        let email = EmailAddress::parse("Alice@Example.com").unwrap();
        assert_eq!(email.address(), "Alice@Example.com");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(250));
        for given in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "a b@example.com",
            "Alice <a@example.com>",
            "a@[127.0.0.1]",
            "a\n@example.com",
            "a\0@example.com",
            "a@b@c",
            "a@exa mple.com",
            &long,
        ] {
            assert_eq!(canonical(given), Err(InvalidEmailAddress), "{given:?}");
        }
    }
}
