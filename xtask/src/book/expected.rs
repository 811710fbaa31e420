//! Compares what a command printed with what the book says, where `…` stands for whatever differs from run to run.

const ANY: char = '…';

/// Whether the lines fit. A line that is `…` alone stands for any number of lines.
pub(super) fn fits(expected: &str, printed: &str) -> bool {
    let expected: Vec<_> = expected.trim_end().lines().map(str::trim_end).collect();
    let printed: Vec<_> = printed.trim_end().lines().map(str::trim_end).collect();
    sequence(&expected, &printed, |line| line.trim() == "…", |line, said| in_line(line, said))
}

fn in_line(expected: &str, printed: &str) -> bool {
    let (expected, printed): (Vec<_>, Vec<_>) = (expected.chars().collect(), printed.chars().collect());
    sequence(&expected, &printed, |letter| *letter == ANY, |letter, said| letter == said)
}

/// The usual walk over a pattern with wildcards: on a mismatch the last wildcard takes one thing more.
fn sequence<T>(pattern: &[T], things: &[T], any: impl Fn(&T) -> bool, same: impl Fn(&T, &T) -> bool) -> bool {
    let (mut at, mut done) = (0_usize, 0_usize);
    let mut last: Option<(usize, usize)> = None;
    while let Some(thing) = things.get(done) {
        match pattern.get(at) {
            Some(wanted) if any(wanted) => {
                last = Some((at, done));
                at = at.saturating_add(1);
            }
            Some(wanted) if same(wanted, thing) => {
                at = at.saturating_add(1);
                done = done.saturating_add(1);
            }
            _ => match last {
                None => return false,
                Some((wildcard, taken)) => {
                    let taken = taken.saturating_add(1);
                    last = Some((wildcard, taken));
                    at = wildcard.saturating_add(1);
                    done = taken;
                }
            },
        }
    }
    pattern.iter().skip(at).all(any)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn dots_stand_for_what_differs() {
        for (expected, printed, good) in [
            ("a\n", "a\n", true),
            ("a", "b", false),
            ("id …, good", "id 17, good", true),
            ("id …, good", "id 17, bad", false),
            ("a\n…\nd", "a\nb\nc\nd", true),
            ("a\n…\nd", "a\nd", true),
            ("a\n…", "a", true),
            ("a\n…\nd", "a\nb", false),
            ("", "", true),
            ("", "said", false),
        ] {
            assert_eq!(fits(expected, printed), good, "{expected:?} {printed:?}");
        }
    }
}
