//! What a command needs for a while: a folder to throw away, and a free address.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use crate::run::Failure;

/// A port that was free a moment ago.
pub(crate) fn free_address() -> Result<String, Failure> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    address.map(|address| address.to_string()).map_err(|error| Failure::new(format!("no port is free: {error}")))
}

/// A throw-away folder.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("jeton-xtask-{}", std::process::id()));
        let unmade = |error| Failure::new(format!("{} cannot be made: {error}", path.display()));
        fs::create_dir_all(&path).map_err(unmade)?;
        path.canonicalize().map(Self).map_err(unmade)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left lies in the system's temporary folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}
