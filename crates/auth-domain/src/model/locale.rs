//! Languages that mails are written in.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Locale {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// Its BCP 47 tag.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ko => "ko",
        }
    }

    /// The language of this tag, by its first part (`ko-KR` is Korean).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|locale| language.eq_ignore_ascii_case(locale.as_str()))
    }

    /// The language that a reader prefers (`Accept-Language`, RFC 9110 §12.5.4), of those that there are.
    #[must_use]
    pub fn preferred(accept_language: &str) -> Self {
        let weighed = accept_language.split(',').filter_map(|range| {
            let mut parts = range.split(';');
            let locale = Self::from_tag(parts.next()?.trim())?;
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            (weight > 0.0).then_some((locale, weight))
        });
        // The first of equal ones is meant.
        weighed
            .fold(None, |best: Option<(Self, f32)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            })
            .map_or(Self::En, |(locale, _)| locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_liked_best_and_exists_is_taken() {
        for (header, expected) in [
            ("ko-KR,ko;q=0.9,en;q=0.8", Locale::Ko),
            ("en;q=0.1, ko;q=0.2", Locale::Ko),
            ("fr, de;q=0.5", Locale::En),
            ("fr, ko;q=0.1", Locale::Ko),
            ("ko;q=0, en;q=0.1", Locale::En),
            ("", Locale::En),
            ("en, ko", Locale::En),
            (";q=;,", Locale::En),
        ] {
            assert_eq!(Locale::preferred(header), expected, "{header}");
        }
    }
}
