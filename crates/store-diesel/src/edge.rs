//! The edges of a step, where tests of what survives a crash stop the process.
//!
//! Each edge is a place for failpoints, named by the edge and the step: `step-begins:session::Advance`. `pause` holds the
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
    fail::fail_point!(&format!("{edge}:{}", crate::load::name_of::<S>()), |_| std::process::abort());
}
