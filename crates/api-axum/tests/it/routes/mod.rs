//! The routes, in the tree of their paths, one file a method; beside them, what holds for all.

mod bad_input;
mod headers;
mod logs;
mod problems;
mod token_kinds;
mod trouble;

mod accounts {
    mod post;
}
mod admin {
    mod keys;
    mod role;
    mod sessions;
    mod users;
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
    mod post;
    mod same_answer;
}
mod logout {
    mod post;
}
mod me {
    mod delete;
    mod get;
    mod patch;
}
mod oauth {
    mod introspect;
    mod metadata;
    mod revoke;
    mod token;
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
