//! Prints the OpenAPI document of the router: `cargo xtask openapi` writes it to `docs/openapi.json`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    let document = api_axum::openapi().to_pretty_json().map_err(io::Error::other)?;
    writeln!(io::stdout().lock(), "{document}")
}
