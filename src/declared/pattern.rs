//! Patterns of files below a folder: read where they are declared, and again, in the same way, where files are looked for.

use std::path::{Component, Path};

use glob::Pattern;

/// A part of a pattern, between slashes.
#[derive(Debug)]
pub(crate) enum Part {
    /// `**`: any folders, or none.
    Any,
    /// What a name has to be like.
    One(Pattern),
}

/// The parts of a pattern.
///
/// # Errors
/// A sentence for the operator: it leads out of the folder, or is no pattern.
pub(crate) fn parts(pattern: &str) -> Result<Vec<Part>, String> {
    let outside = || "a path below the folder is wanted, without ..".to_owned();
    if pattern.is_empty() || pattern.contains('\0') {
        return Err(outside());
    }
    let part = |component: Component<'_>| match component {
        Component::Normal(part) if part == "**" => Ok(Part::Any),
        Component::Normal(part) => match Pattern::new(&part.to_string_lossy()) {
            Ok(part) => Ok(Part::One(part)),
            Err(why) => Err(format!("{} is no pattern: {}", part.display(), why.msg)),
        },
        _ => Err(outside()),
    };
    Path::new(pattern).components().filter(|component| *component != Component::CurDir).map(part).collect()
}
