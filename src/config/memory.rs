//! Sizes in people's units, and how much memory there is.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// The least that can be set: who forgets the unit asks for some bytes.
const MIN: u64 = 1_000_000;

/// Where nothing says how much memory there is: what a small machine spares.
const UNKNOWN: u64 = 512 << 20;

/// A limit from here on is none; version 1 of cgroups writes "no limit" as a number.
const NO_LIMIT: u64 = 1 << 60;

/// Half of what the process may use of the machine whose files stand under `root`: the other half is for digits on their
/// way into files and to people, for the store, and for the rest of the machine.
pub(super) fn default(root: &Path) -> u64 {
    available(root).map_or(UNKNOWN, |bytes| bytes / 2)
}

/// Reads a size in bytes: `512MB`, `1.5 GiB`, `2G`; a number alone is of bytes. `k`, `M`, `G` and `T` are powers of 1000,
/// with an `i` of 1024.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let wanted = || "a size with its unit is wanted, as 512MB or 1.5GiB".to_owned();
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let bytes = scaled(number.trim_end(), factor(unit).ok_or_else(wanted)?).ok_or_else(wanted)?;
    if bytes < MIN { Err("at least 1MB is wanted".to_owned()) } else { Ok(bytes) }
}

fn factor(unit: &str) -> Option<u64> {
    let unit = unit.to_ascii_lowercase();
    let unit = unit.strip_suffix('b').unwrap_or(&unit);
    let (prefix, base) = unit.strip_suffix('i').map_or((unit, 1000), |prefix| (prefix, 1024_u64));
    let power = match prefix {
        "" if base == 1000 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    Some(base.pow(power))
}

/// `number` · `factor`, rounded down.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 9 {
        return None;
    }
    let unit = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let number = u128::from(whole.parse::<u64>().ok()?) * unit + fraction.parse::<u128>().ok()?;
    u64::try_from(number.checked_mul(factor.into())? / unit).ok()
}

/// The least of the machine's memory and the limits of the process's cgroup and all above it.
pub(super) fn available(root: &Path) -> Option<u64> {
    let of_cgroups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = of_cgroups.lines().filter_map(|line| limit(root, line));
    total(root).into_iter().chain(limits).filter(|bytes| (1..NO_LIMIT).contains(bytes)).min()
}

/// All memory of the machine.
fn total(root: &Path) -> Option<u64> {
    let meminfo = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
}

/// The least limit on the way to a cgroup. The line, of `/proc/self/cgroup`, is `0::/path` in version 2, and
/// `4:memory:/path`, with other lines for other controllers, in version 1.
fn limit(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (controllers, path) = (fields.next()?, Path::new(fields.next()?));
    let (top, file) = if controllers.is_empty() {
        ("sys/fs/cgroup", "memory.max")
    } else if controllers.split(',').any(|one| one == "memory") {
        ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
    } else {
        return None;
    };
    // In a container the path may be that of the machine, of which only the top is to be seen here, as the container's own.
    let mut folder = root.join(top);
    let mut folders: Vec<PathBuf> = vec![folder.clone()];
    for part in path.components().filter(|part| matches!(part, Component::Normal(_))) {
        folder.push(part);
        folders.push(folder.clone());
    }
    // Version 2 writes "max" for no limit.
    let limit = |folder: PathBuf| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<u64>().ok();
    folders.into_iter().filter_map(limit).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine of these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], half: u64) {
        assert_eq!(default(machine(files).path()), half);
    }

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:        8000000 kB\nMemFree:         1000000 kB\nSwapTotal:             0 kB\n",
    );

    #[test]
    fn half_of_the_machine_where_nothing_limits_it() {
        check(&[MEMINFO], 4_096_000_000);
        check(&[MEMINFO, ("proc/self/cgroup", "0::/\n")], 4_096_000_000);
        let (own, top) = ("sys/fs/cgroup/user/memory.max", "sys/fs/cgroup/memory.max");
        check(&[MEMINFO, ("proc/self/cgroup", "0::/user\n"), (own, "max\n"), (top, "max\n")], 4_096_000_000);
    }

    #[test]
    fn half_of_the_least_limit_on_the_way_to_a_cgroup() {
        let cgroup = ("proc/self/cgroup", "0::/bots/jobboard.service\n");
        let (own, parent) =
            ("sys/fs/cgroup/bots/jobboard.service/memory.max", "sys/fs/cgroup/bots/memory.max");
        check(&[MEMINFO, cgroup, (own, "600000000\n"), (parent, "max\n")], 300_000_000);
        check(&[MEMINFO, cgroup, (own, "max\n"), (parent, "500000000\n")], 250_000_000);
        check(&[MEMINFO, cgroup, (own, "900000000000\n")], 4_096_000_000);
        check(
            &[MEMINFO, cgroup, (own, "nonsense\n"), ("sys/fs/cgroup/other/memory.max", "1000")],
            4_096_000_000,
        );
        // A container that sees its own cgroup as the top, whatever the path says.
        check(&[MEMINFO, cgroup, ("sys/fs/cgroup/memory.max", "400000000\n")], 200_000_000);
        let above = ("proc/self/cgroup", "0::/../../other\n");
        check(&[MEMINFO, above, ("sys/fs/cgroup/memory.max", "400000000\n")], 200_000_000);
    }

    #[test]
    fn half_of_the_least_limit_in_version_1() {
        let cgroup =
            ("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/docker/abc\n1:name=systemd:/a\n0::/a\n");
        let own = "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes";
        let top = "sys/fs/cgroup/memory/memory.limit_in_bytes";
        let none = "9223372036854771712\n";
        check(&[MEMINFO, cgroup, (own, "600000000\n"), (top, none)], 300_000_000);
        check(&[MEMINFO, cgroup, (top, "700000000\n")], 350_000_000);
        check(&[MEMINFO, cgroup, (own, none), (top, none)], 4_096_000_000);
        check(&[cgroup, (own, none)], UNKNOWN);
    }

    #[test]
    fn where_nothing_can_be_read_there_is_a_default() {
        check(&[], UNKNOWN);
        check(&[("proc/meminfo", "nonsense")], UNKNOWN);
        check(&[("proc/self/cgroup", "0::/a\nnonsense\n"), ("sys/fs/cgroup/a/memory.max", "0\n")], UNKNOWN);
    }

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("512MB", 512_000_000),
            ("1000000", 1_000_000),
            ("1000000B", 1_000_000),
            ("2000k", 2_000_000),
            ("2 gb", 2_000_000_000),
            ("1.5GiB", 1_610_612_736),
            ("0.5Gi", 536_870_912),
            ("1TB", 1_000_000_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "0",
            "0MB",
            "512",
            "MB",
            "-1GB",
            "1,5GB",
            "1.GB",
            ".5GB",
            "1EB",
            "1iB",
            "1 G B",
            "1e9",
            "99999999TB",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
