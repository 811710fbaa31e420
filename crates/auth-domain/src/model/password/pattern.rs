//! Passwords that a pattern makes: a few characters again and again, or runs along the alphabet, the digits, the keyboard
//! (NIST SP 800-63B-4 §3.1.1.2: "repetitive or sequential").

use std::sync::LazyLock;

/// Along these lines, in either direction, a run is no choice of its own.
const LINES: [&str; 34] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "!@#$%^&*()_+",
    // Keyboard rows: QWERTY, QWERTZ, AZERTY, Cyrillic, Korean.
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "\u{439}\u{446}\u{443}\u{43a}\u{435}\u{43d}\u{433}\u{448}\u{449}\u{437}\u{445}\u{44a}",
    "\u{444}\u{44b}\u{432}\u{430}\u{43f}\u{440}\u{43e}\u{43b}\u{434}\u{436}\u{44d}",
    "\u{44f}\u{447}\u{441}\u{43c}\u{438}\u{442}\u{44c}\u{431}\u{44e}",
    "\u{3142}\u{3148}\u{3137}\u{3131}\u{3145}\u{315b}\u{3155}\u{3151}\u{3150}\u{3154}",
    "\u{3141}\u{3134}\u{3147}\u{3139}\u{314e}\u{3157}\u{3153}\u{314f}\u{3163}",
    "\u{314b}\u{314c}\u{314a}\u{314d}\u{3160}\u{315c}\u{3161}",
    // Keyboard columns.
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7,ki8.lo9/;p0",
    "1qazxsw23edcvfr45tgbnhy67ujm,ki89ol./;p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "zaqxswcdevfrbgtnhymjuki",
    "qweasdzxcrtyfghvbn",
    "qazxswedcvfrtgbnhyujmkiolp",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
    "qawsedrftgyhujikolp",
    "asqwzx",
    "a1b2c3d4e5f6g7h8i9j0",
    "1a2b3c4d5e6f7g8h9i0j",
    // Other alphabets.
    "\u{430}\u{431}\u{432}\u{433}\u{434}\u{435}\u{436}\u{437}\u{438}\u{439}\u{43a}\u{43b}\u{43c}\u{43d}\u{43e}\u{43f}",
    "\u{3b1}\u{3b2}\u{3b3}\u{3b4}\u{3b5}\u{3b6}\u{3b7}\u{3b8}\u{3b9}\u{3ba}\u{3bb}\u{3bc}",
    "\u{3131}\u{3134}\u{3137}\u{3139}\u{3141}\u{3142}\u{3145}\u{3147}\u{3148}\u{314a}\u{314b}\u{314c}\u{314d}\u{314e}",
    "\u{ac00}\u{b098}\u{b2e4}\u{b77c}\u{b9c8}\u{bc14}\u{c0ac}\u{c544}\u{c790}\u{cc28}\u{ce74}\u{d0c0}\u{d30c}\u{d558}",
];

/// A password is a sequence when its runs have this many characters on average.
const CHARACTERS_A_RUN: usize = 5;

static BOTH_WAYS: LazyLock<Vec<Vec<char>>> = LazyLock::new(|| {
    LINES.iter().flat_map(|line| [line.chars().collect::<Vec<_>>(), line.chars().rev().collect()]).collect()
});

/// The characters whose repetition the text is, at least twice and perhaps cut short at the end. `None` when there are none.
pub(super) fn repeated(text: &[char]) -> Option<&[char]> {
    // For each prefix, the length of the longest end of it that is also its beginning (Knuth, Morris, Pratt).
    let mut borders: Vec<usize> = Vec::with_capacity(text.len());
    for (end, c) in text.iter().enumerate() {
        let mut border = borders.last().copied().unwrap_or(0);
        while border > 0 && text.get(border) != Some(c) {
            border = borders.get(border - 1).copied().unwrap_or(0);
        }
        borders.push(if end > 0 && text.get(border) == Some(c) { border + 1 } else { 0 });
    }
    let period = text.len() - borders.last()?;
    if period * 2 <= text.len() { text.get(..period) } else { None }
}

/// Whether the text falls into runs of [`CHARACTERS_A_RUN`] characters or more, on average.
pub(super) fn sequential(text: &[char]) -> bool {
    let (mut rest, mut runs) = (text, 0);
    while !rest.is_empty() {
        // The longest run first: every part of a run is a run, so no other division has fewer.
        rest = rest.get(run(rest)..).unwrap_or_default();
        runs += 1;
    }
    runs > 0 && runs * CHARACTERS_A_RUN <= text.len()
}

/// How long the run is that the text begins with: one character again and again, or a part of a line.
fn run(text: &[char]) -> usize {
    let common = |line: &[char]| text.iter().zip(line).take_while(|(a, b)| a == b).count();
    let same = text.iter().take_while(|c| text.first() == Some(c)).count();
    let lines = BOTH_WAYS.iter().flat_map(|line| (0..line.len()).filter_map(|start| line.get(start..)));
    lines.map(common).max().unwrap_or(0).max(same).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn p4_what_is_repeated_is_found_though_its_last_time_is_cut_short() {
        let unit = |text: &str| repeated(&chars(text)).map(|unit| unit.iter().collect::<String>());
        assert_eq!(unit("aaaaaaaaaaaaaaa").as_deref(), Some("a"));
        assert_eq!(unit("123456123456123").as_deref(), Some("123456"));
        assert_eq!(unit("passwordpassword").as_deref(), Some("password"));
        assert_eq!(unit("passwordpasswor"), None, "less than twice");
        assert_eq!(unit("abcabcabd"), None);
        assert_eq!(unit(""), None);
    }

    #[test]
    fn p4_runs_along_the_alphabet_the_digits_and_the_keyboard_are_sequences() {
        for text in [
            "abcdefghijklmno",
            "ponmlkjihgfedcba",
            "123456789012345",
            "qwertyuiopasdfg",
            "qwertzuiop12345",
            "123456789qwerty",
            "1qaz2wsx3edc4rfv",
            "qwertyuiopasdf!",
            "q1w2e3r4t5y6u7i8",
            "aaaaaaaaaaaaaab",
            "aaaaabbbbbccccc",
            "\u{439}\u{446}\u{443}\u{43a}\u{435}\u{43d}\u{433}\u{448}\u{449}12345",
            "\u{ac00}\u{b098}\u{b2e4}\u{b77c}\u{b9c8}\u{bc14}\u{c0ac}\u{c544}",
        ] {
            assert!(sequential(&chars(text)), "{text}");
        }
    }

    #[test]
    fn p4_words_and_random_characters_are_no_sequences() {
        for text in [
            "correct horse battery staple",
            "x7kq2p9vd4mz8wtb",
            "my dog is 12345 years old",
            "passwordpassword",
            "2024-11-05-0731",
            "\u{be44}\u{bc00}\u{bc88}\u{d638}\u{b294} \u{ae38}\u{c5b4}\u{c57c} \u{d55c}\u{b2e4}",
            "",
        ] {
            assert!(!sequential(&chars(text)), "{text}");
        }
    }
}
