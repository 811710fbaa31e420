//! The journal of a run: every request that was sent and every answer that came, in the order in which the clients saw
//! them. [`check`] reads it afterwards and says which of SECURITY's rotation invariants it breaks. Pure.

mod check;
#[cfg(test)]
mod tests;

pub(super) use check::check;

/// A session, numbered by the run.
pub(super) type Session = u64;
/// A request, numbered by the run.
pub(super) type Call = u64;
/// Stands for a refresh token's text: equal for equal texts.
pub(super) type Token = u64;

/// One line. Their order is real time: what stands above was known before what stands below was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A login was answered with the token of generation 0.
    Opened { session: Session, token: Token },
    /// A request is about to be sent.
    Sent { call: Call, session: Session, what: What },
    /// Its answer came, or it is certain that none will come.
    Answered { call: Call, outcome: Outcome },
    /// What the session's row says while no request is in flight.
    Row { session: Session, generation: u32, ended: bool },
}

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A successor of this refresh token, which has this generation.
    Refresh { generation: u32, token: Token, key: Option<u64> },
    /// The end of the session.
    End,
    /// Something that an access token of the session allows.
    Use,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A refresh was answered with this token.
    Successor { generation: u32, token: Token },
    /// Another request was answered with success.
    Done,
    /// It was refused (4xx).
    Refused,
    /// It was answered 5xx, or not at all: it may have happened or not.
    Unknown,
}

/// A line that must not be where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// The invariant, such as `I1`.
    pub(super) invariant: &'static str,
    /// The session.
    pub(super) session: Session,
    /// The line's number.
    pub(super) line: usize,
    /// What is wrong.
    pub(super) why: String,
}
