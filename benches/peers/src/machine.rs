//! What the figures were measured on, and of which versions.

use std::time::SystemTime;

use crate::flint::Flint;

const LOCK: &str = include_str!("../Cargo.lock");

/// Pairs of a name and what is to be known.
pub(crate) type Notes = Vec<(&'static str, String)>;

/// Machine, date, compiler and versions.
pub(crate) fn notes(flint: Option<&Flint>) -> Notes {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let date = date.split('T').next().unwrap_or_default().to_owned();
    vec![
        ("machine", format!("{}, {cores} cores", processor())),
        ("date", date),
        ("versions", versions(flint)),
    ]
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    named.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

fn versions(flint: Option<&Flint>) -> String {
    use gmp_mpfr_sys::gmp::{VERSION, VERSION_MINOR, VERSION_PATCHLEVEL};
    let gmp = format!("GMP {VERSION}.{VERSION_MINOR}.{VERSION_PATCHLEVEL} (rug {})", locked("rug"));
    let flint = flint.map(|flint| format!("FLINT {}", flint.version));
    let crates = [("malachite", "malachite-nz"), ("dashu", "dashu-int"), ("num-bigint", "num-bigint")];
    let crates = crates.map(|(name, package)| format!("{name} {}", locked(package)));
    [gmp].into_iter().chain(flint).chain(crates).collect::<Vec<_>>().join(", ")
}

/// A crate's version as it was built in.
fn locked(package: &str) -> &'static str {
    let entry = LOCK.split("[[package]]").find(|entry| entry.contains(&format!("\nname = \"{package}\"\n")));
    let version = entry.and_then(|entry| entry.lines().find_map(|line| line.strip_prefix("version = ")));
    version.map_or("unknown", |version| version.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    #[test]
    fn versions_are_found() {
        assert!(super::locked("rug").starts_with("1."));
        assert_eq!(super::locked("no-such-crate"), "unknown");
    }
}
