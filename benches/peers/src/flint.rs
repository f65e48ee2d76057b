//! FLINT, where it is installed: a small C program of its own, compiled by the system's compiler when the benchmark
//! starts.
//!
//! FLINT is asked for its flags through pkg-config; where that knows nothing, `-lflint` is tried. `FLINT_FLAGS` (as in
//! `-I… -L… -lflint -lgmp`) takes the place of both, for a FLINT that stands elsewhere.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const SOURCE: &str = include_str!("flint.c");

/// The compiled program, which is gone with this value.
#[derive(Debug)]
pub(crate) struct Flint {
    /// What is run: see `flint.c`.
    pub(crate) program: PathBuf,
    /// As FLINT itself says.
    pub(crate) version: String,
    _folder: TempDir,
}

impl Flint {
    /// `None`, and a line that says so, where FLINT or a compiler is missing.
    pub(crate) fn build() -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let (source, program) = (folder.path().join("flint.c"), folder.path().join("flint"));
        std::fs::write(&source, SOURCE)?;
        let compiled = Command::new("cc")
            .args(["-O2", "-o"])
            .args([&program, &source])
            .args(flags().split_whitespace())
            .stderr(Stdio::null())
            .status();
        if !compiled.is_ok_and(|status| status.success()) {
            eprintln!("FLINT (Debian: libflint-dev) or a C compiler is missing: it is left out");
            return Ok(None);
        }
        let version = output(Command::new(&program).arg("version"))?;
        Ok(Some(Self { program, version, _folder: folder }))
    }

    /// Seconds that a call takes, on average over `times` calls inside the program, after one that is not counted.
    pub(crate) fn seconds(&self, n: u64, times: u32) -> Result<f64> {
        let words = ["sample".to_owned(), n.to_string(), times.to_string()];
        output(Command::new(&self.program).args(words))?.parse().context("not a time")
    }

    /// The `n`-th number, counted from the 1st = 0.
    pub(crate) fn digits(&self, n: u64) -> Result<String> {
        output(Command::new(&self.program).args(["run", &n.to_string()]))
    }
}

fn flags() -> String {
    let asked = || output(Command::new("pkg-config").args(["--cflags", "--libs", "flint"])).ok();
    std::env::var("FLINT_FLAGS").ok().or_else(asked).unwrap_or_else(|| "-lflint -lgmp".to_owned())
}

/// What a command prints on stdout, without the line's end.
fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    ensure!(output.status.success(), "{command:?}: {}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}
