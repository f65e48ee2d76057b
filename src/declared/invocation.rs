//! What a call means now: a program with all its arguments.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Bounds, Declaration, Files, Kind, MAX_REST, Parameter, Part, Template};
use crate::job::{Call, ProgramEnd};

/// A program with everything that was decided about one run of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program's file.
    pub program: PathBuf,
    /// What it gets, one argv item each.
    pub arguments: Vec<String>,
    /// Where it runs.
    pub folder: Option<PathBuf>,
    /// Beside the few variables that every program gets.
    pub environment: Vec<(String, String)>,
    /// How long it may run; as any job where it is not set.
    pub timeout: Option<Duration>,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// What it may take of the machine.
    pub bounds: Bounds,
    /// What it makes that is to be sent.
    pub files: Option<Files>,
}

impl Declaration {
    /// What a call means by this declaration, which may be another one than when it was said: every value is looked at again.
    /// It looks at folders, too, so it may block.
    ///
    /// # Errors
    /// [`ProgramEnd::NotDeclared`] where the values are none that this declaration takes, [`ProgramEnd::PathOutside`] where a
    /// path leaves its folder by a link, [`ProgramEnd::NoSuchPath`] where nothing can be at one, or the folder is gone.
    pub fn invocation(&self, call: &Call) -> Result<Invocation, ProgramEnd> {
        let is_known = |name: &str| self.parameter(name).is_some();
        let all_known = call.arguments.iter().all(|argument| is_known(&argument.parameter));
        if call.name != self.name || !all_known {
            return Err(ProgramEnd::NotDeclared);
        }
        let mut said = Vec::new();
        for parameter in &self.parameters {
            match call.values(&parameter.name) {
                Some(values) => said.push((parameter.name.as_str(), parameter.values(values)?)),
                None if parameter.optional => {}
                None => return Err(ProgramEnd::NotDeclared),
            }
        }
        Ok(Invocation {
            program: self.program.clone(),
            arguments: self.args.iter().flat_map(|template| template.fill(&said)).collect(),
            folder: self.folder.clone(),
            environment: self.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            timeout: self.timeout,
            grace: self.grace,
            bounds: self.bounds.clone(),
            files: self.files.clone(),
        })
    }
}

impl Parameter {
    /// The values as the program gets them.
    fn values(&self, values: &[String]) -> Result<Vec<String>, ProgramEnd> {
        let most = if self.kind == Kind::Rest { MAX_REST } else { 1 };
        if !(1..=most).contains(&values.len()) {
            return Err(ProgramEnd::NotDeclared);
        }
        let as_said = |value: &String| self.read(value).is_ok_and(|read| read == *value);
        if !values.iter().all(as_said) {
            return Err(ProgramEnd::NotDeclared);
        }
        match &self.kind {
            Kind::Path(folder) => values.iter().map(|value| below(folder, value)).collect(),
            _ => Ok(values.to_vec()),
        }
    }
}

impl Template {
    /// The argv items: none where a parameter was left out, several where it is the rest of a line.
    fn fill(&self, said: &[(&str, Vec<String>)]) -> Vec<String> {
        let values =
            |name: &str| said.iter().find(|(parameter, _)| *parameter == name).map(|(_, values)| values);
        if let [Part::Value(name)] = self.0.as_slice() {
            return values(name).cloned().unwrap_or_default();
        }
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                // Only one that stands alone has several values.
                Part::Value(name) => match values(name).and_then(|values| values.first()) {
                    Some(value) => filled.push_str(value),
                    None => return Vec::new(),
                },
            }
        }
        vec![filled]
    }
}

/// Where a path below a folder is, wherever its links lead. What is not there yet may be made by the program.
///
/// # Errors
/// [`ProgramEnd::PathOutside`] where that is not below the folder, [`ProgramEnd::NoSuchPath`] where nobody can tell, since nothing can
/// be there: a name is too long, or what should be a folder is a file.
fn below(folder: &Path, path: &str) -> Result<String, ProgramEnd> {
    let outside = || ProgramEnd::PathOutside(path.to_owned());
    let nowhere = || ProgramEnd::NoSuchPath(path.to_owned());
    let folder = folder.canonicalize().map_err(|_| nowhere())?;
    let wanted = folder.join(path);
    let mut there = wanted.as_path();
    let mut missing = Vec::new();
    let real = loop {
        match there.canonicalize() {
            Ok(real) => break real,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(nowhere()),
            // A link that leads nowhere is there, and what it is made to be would be elsewhere.
            Err(_) if there.symlink_metadata().is_ok() => return Err(outside()),
            Err(_) => {
                missing.push(there.file_name().ok_or_else(outside)?);
                there = there.parent().ok_or_else(outside)?;
            }
        }
    };
    let real = missing.into_iter().rev().fold(real, |path, name| path.join(name));
    let real = Some(real).filter(|real| real.starts_with(&folder)).ok_or_else(outside)?;
    real.into_os_string().into_string().map_err(|_| nowhere())
}
