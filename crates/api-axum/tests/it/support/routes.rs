//! The routes that a router really has, so that a table of a test cannot forget one.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;

/// Method and pattern of every route, such as `("DELETE", "/v1/sessions/{id}")`; `HEAD` goes with `GET` and is left out.
///
/// axum shows its table only when it prints a router for debugging.
pub(crate) fn routes_of(router: &Router) -> BTreeSet<(String, String)> {
    let printed = format!("{router:?}");
    let printed = printed.split("fallback_router").next().unwrap();
    let (mut methods, mut paths) = (BTreeMap::new(), BTreeMap::new());
    for entry in printed.split("RouteId(").skip(1) {
        let (id, what) = entry.split_once("): ").unwrap_or((entry, ""));
        if let Some(path) = what.strip_prefix('"') {
            paths.insert(id, path.split('"').next().unwrap());
        } else if let Some((_, allowed)) = what.split_once("allow_header: Bytes(b\"") {
            methods.insert(id, allowed.split('"').next().unwrap());
        }
    }
    let served: BTreeSet<_> = paths
        .into_iter()
        .flat_map(|(id, path)| methods[id].split(',').map(move |method| (method.to_owned(), path.to_owned())))
        .filter(|(method, _)| method != "HEAD")
        .collect();
    assert!(served.len() > 30, "axum prints a router in another way: {printed}");
    served
}
