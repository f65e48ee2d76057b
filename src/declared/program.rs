//! Where a program is, found once: what stands in PATH later is not asked.

use std::{
    env,
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access};

/// Where programs are looked for where nothing says so, and by programs that start others.
pub(crate) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where the file is that declares something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside<'a> {
    /// Its folder.
    pub(super) folder: &'a Path,
    /// Whether what it declares runs on this machine, so that it has to be there. A bot whose workers run it has their names only.
    pub(super) is_here: bool,
}

impl Beside<'_> {
    /// A program's file.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn program(self, program: &str) -> Result<PathBuf, String> {
        if self.is_here || program.is_empty() {
            return find(program, self.folder);
        }
        Ok(tidy(&self.folder.join(program)))
    }

    /// A folder.
    ///
    /// # Errors
    /// The same.
    pub(super) fn folder(self, text: &str) -> Result<PathBuf, String> {
        let folder = self.folder.join(text);
        match folder.metadata() {
            Ok(found) if found.is_dir() => Ok(tidy(&folder)),
            _ if !self.is_here => Ok(tidy(&folder)),
            Ok(_) => Err(format!("{} is no folder", folder.display())),
            Err(error) => Err(format!("{} cannot be read: {error}", folder.display())),
        }
    }
}

/// The program's file: absolute, or in `folder` where it has a `/`, or else in `PATH`.
///
/// # Errors
/// A sentence for the operator.
fn find(program: &str, folder: &Path) -> Result<PathBuf, String> {
    if program.is_empty() {
        return Err("the program is missing".to_owned());
    }
    if program.contains('/') {
        let file = folder.join(program);
        return executable(&file).map(|()| tidy(&file));
    }
    let path = env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| PATH.into());
    let mut places =
        env::split_paths(&path).filter(|place| place.is_absolute()).map(|place| place.join(program));
    if let Some(found) = places.find(|file| executable(file).is_ok()) {
        return Ok(found);
    }
    let beside = folder.join(program).is_file();
    let hint = if beside { format!("; the one beside this file is \"./{program}\"") } else { String::new() };
    Err(format!("there is no such program in PATH{hint}"))
}

fn executable(file: &Path) -> Result<(), String> {
    let shown = file.display();
    match file.metadata() {
        Err(error) => Err(format!("{shown} cannot be read: {error}")),
        Ok(found) if !found.is_file() => Err(format!("{shown} is no file")),
        Ok(_) if access(file, Access::EXEC_OK).is_err() => {
            Err(format!("{shown} is not executable (chmod +x)"))
        }
        Ok(_) => Ok(()),
    }
}

/// Without `.` in between: `jobs/./backup`.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}
