//! Small C libraries that stand between `jeton` and the system: compiled by the tests, and loaded by `LD_PRELOAD`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a source of this folder into a library in `folder`. The variable to load it by is [`PRELOAD`].
pub(crate) fn compiled(source: &str, folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos").join(source);
    let library = folder.join(source.file_name().unwrap()).with_extension("so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let run = Command::new(&compiler)
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .args(["-ldl", "-lpthread"])
        .output()
        .unwrap_or_else(|error| {
            panic!("{compiler}: {error}; install a C compiler (Debian: apt-get install gcc libc6-dev)")
        });
    assert!(run.status.success(), "{compiler}: {}", String::from_utf8_lossy(&run.stderr));
    library
}

/// What the dynamic linker reads.
pub(crate) const PRELOAD: &str = "LD_PRELOAD";
