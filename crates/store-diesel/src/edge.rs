//! The edges of a step, where tests of what survives a crash stop the process.
//!
//! Each edge is a place for failpoints, named by the edge and the step: `step-begins:sessions::Advance`. `pause` holds the
//! step there, `return` ends the process at once, as `kill -9` would. Without the feature `failpoints` nothing is left of it.

/// Before the step's first statement.
pub(crate) const BEGINS: &str = "step-begins";
/// After its last statement and before the commit. A step that is one statement commits itself: there is no such place.
pub(crate) const BEFORE_COMMIT: &str = "step-before-commit";
/// Between the commit and the answer.
pub(crate) const COMMITTED: &str = "step-committed";

/// Says that a step of this type is at this edge.
#[cfg_attr(not(feature = "failpoints"), expect(unused_variables, reason = "failpoints are compiled away"))]
#[cfg_attr(not(feature = "failpoints"), expect(clippy::extra_unused_type_parameters, reason = "as above"))]
pub(crate) fn at<S>(edge: &str) {
    fail::fail_point!(&format!("{edge}:{}", name::<S>()), |_| std::process::abort());
}

/// The type's name with the module that it is in: the store has several steps of one name.
#[cfg(feature = "failpoints")]
fn name<S>() -> &'static str {
    let whole = std::any::type_name::<S>();
    let whole = whole.split_once('<').map_or(whole, |(whole, _)| whole);
    whole.rmatch_indices("::").nth(1).and_then(|(at, colons)| whole.get(at + colons.len()..)).unwrap_or(whole)
}

#[cfg(all(test, feature = "failpoints"))]
mod tests {
    #[test]
    fn a_step_is_named_with_its_module_and_without_its_parameters() {
        assert_eq!(super::name::<std::vec::Vec<std::string::String>>(), "vec::Vec");
    }
}
