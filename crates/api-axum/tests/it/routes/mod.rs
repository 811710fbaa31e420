//! The routes, in the tree of their paths, one file a method; beside them, what holds for all.

mod bad_input;
mod console;
mod headers;
mod logs;
mod presenter;
mod problems;
mod shedding;
mod token_kinds;
mod trouble;

mod accounts {
    mod policy;
    mod post;
}
mod admin {
    mod factors;
    mod invites;
    mod keys;
    mod role;
    mod sessions;
    mod users;
}
mod email {
    mod change;
    mod verify;
}
mod events {
    mod get;
}
mod jwks {
    mod etag;
    mod get;
}
mod livez {
    mod get;
}
mod login {
    mod cookie;
    mod mfa;
    mod passkey;
    mod post;
    mod same_answer;
    mod throttled;
    mod unverified;
}
mod logout {
    mod post;
}
mod me {
    mod delete;
    mod factors;
    mod get;
    mod passkeys;
    mod password;
    mod patch;
    mod reauthenticate;
    mod totp;
}
mod oauth {
    mod introspect;
    mod metadata;
    mod revoke;
    mod token;
}
mod password {
    mod reset;
    mod strength;
}
mod readyz {
    mod get;
}
mod refresh {
    mod cookie;
    mod over;
    mod post;
}
mod revocations {
    mod get;
    mod stream;
}
mod sessions {
    mod delete;
    mod get;
    mod id {
        mod delete;
        mod patch;
    }
}
