//! The digest by which a password is looked up among stolen ones, and how the answer is read.
//!
//! The form is that of Pwned Passwords: SHA-1 in upper-case hexadecimal, a colon, how often it was seen. SHA-1 is given by
//! those lists and protects nothing here.

use std::cmp::Ordering;
use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::Password;

/// SHA-1 of a password. As good as the password to whoever can guess: never stored, printed or sent whole.
#[derive(Clone)]
pub struct PasswordDigest(Zeroizing<String>);

/// The text is no answer of a range endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not a list of hash suffixes and counts; check the address of the breach check")]
pub struct NotARange;

impl PasswordDigest {
    /// How many hexadecimal digits a range endpoint is told.
    pub const PREFIX: usize = 5;
    /// How many hexadecimal digits there are.
    const DIGITS: usize = 40;

    /// The digest of a password in its normal form.
    #[must_use]
    pub fn of(password: &Password) -> Self {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.expose());
        let mut hex = Zeroizing::new(String::with_capacity(Self::DIGITS));
        for byte in hash.as_ref() {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
            hex.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
        Self(hex)
    }

    /// What a range endpoint is told: the first five digits, which about one password in a million shares.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.get(..Self::PREFIX).unwrap_or_default()
    }

    fn suffix(&self) -> &str {
        self.0.get(Self::PREFIX..).unwrap_or_default()
    }

    /// How often a range endpoint says that the password was seen: lines of a suffix, a colon and a count. Zero when it is
    /// not there, or only as padding. Every line is read and compared alike, wherever the password stands.
    ///
    /// # Errors
    /// [`NotARange`] when there is no line, or one in another form.
    pub fn times_in(&self, range: &str) -> Result<u64, NotARange> {
        let (mut times, mut lines) = (0, 0_u32);
        for line in range.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (suffix, count) = entry(line, Self::DIGITS - Self::PREFIX).ok_or(NotARange)?;
            let same = suffix.to_ascii_uppercase().as_bytes().ct_eq(self.suffix().as_bytes());
            times = u64::conditional_select(&times, &count, same);
            lines = lines.saturating_add(1);
        }
        if lines == 0 { Err(NotARange) } else { Ok(times) }
    }

    /// Where a line of a list sorted by whole hashes stands beside the password, and its count: for a binary search.
    ///
    /// # Errors
    /// [`NotARange`] when it is no line of such a list.
    pub fn compare(&self, line: &str) -> Result<(Ordering, u64), NotARange> {
        let (hash, count) = entry(line.trim(), Self::DIGITS).ok_or(NotARange)?;
        Ok((hash.to_ascii_uppercase().as_str().cmp(self.0.as_str()), count))
    }
}

fn entry(line: &str, digits: usize) -> Option<(&str, u64)> {
    let (hash, count) = line.split_once(':')?;
    let whole = hash.len() == digits && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    count.parse().ok().filter(|_| whole).map(|count| (hash, count))
}

impl fmt::Debug for PasswordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordDigest(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-1 of `password`, from `printf password | sha1sum`.
    const HASH: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";

    fn sha1() -> PasswordDigest {
        PasswordDigest::of(&Password::new("password").unwrap())
    }

    #[test]
    fn only_five_digits_of_the_hash_are_told() {
        assert_eq!((sha1().prefix(), sha1().suffix()), HASH.split_at(5));
        assert_eq!(format!("{:?}", sha1()), "PasswordDigest(…)");
    }

    #[test]
    fn a_range_says_how_often_the_password_was_seen() {
        let range = |text: &str| sha1().times_in(text);
        let others = "0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2\r\n";
        assert_eq!(range(&format!("{others}1E4C9B93F3F0682250B6CF8331B7EE68FD8:9545824\r\n")), Ok(9_545_824));
        assert_eq!(range(&format!("1e4c9b93f3f0682250b6cf8331b7ee68fd8:7\n{others}")), Ok(7));
        assert_eq!(range("1E4C9B93F3F0682250B6CF8331B7EE68FD8:0"), Ok(0), "padding");
        assert_eq!(range(others), Ok(0));
    }

    #[test]
    fn an_answer_in_another_form_is_not_taken_for_not_found() {
        for text in [
            "",
            "\r\n",
            "<html>",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8:x",
            "1E4C:1",
        ] {
            assert_eq!(sha1().times_in(text), Err(NotARange), "{text}");
        }
    }

    #[test]
    fn a_line_of_a_sorted_list_stands_before_at_or_after_the_password() {
        assert_eq!(sha1().compare(&format!("{HASH}:3\r\n")), Ok((Ordering::Equal, 3)));
        assert_eq!(sha1().compare("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD7:4"), Ok((Ordering::Less, 4)));
        assert_eq!(sha1().compare(&format!("{}:5", "F".repeat(40))), Ok((Ordering::Greater, 5)));
        assert_eq!(sha1().compare("5BAA61"), Err(NotARange));
    }
}
