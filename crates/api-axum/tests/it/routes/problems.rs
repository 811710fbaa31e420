//! The codes, and the page that explains them.

use std::collections::BTreeSet;

use api_axum::ProblemCode;

const PAGE: &str = include_str!("../../../../../docs/reference/errors.md");

/// The first two cells of each row whose first cell is a code.
fn documented() -> BTreeSet<(String, u16)> {
    let rows = PAGE.lines().filter_map(|line| line.strip_prefix('`')?.split_once('`'));
    rows.filter_map(|(code, rest)| {
        let status = rest.split('|').nth(1)?.trim().parse().ok()?;
        Some((code.to_owned(), status))
    })
    .collect()
}

#[test]
fn every_code_is_documented_with_its_status_and_no_other_is() {
    let served = ProblemCode::ALL.iter().map(|code| (code.code().to_owned(), code.status().as_u16()));
    assert_eq!(served.collect::<BTreeSet<_>>(), documented());
}

#[test]
fn no_two_codes_have_the_same_name() {
    let names: BTreeSet<_> = ProblemCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(names.len(), ProblemCode::ALL.len());
}
