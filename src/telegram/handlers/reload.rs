//! The operator's file, read again: it is taken whole, or not at all.

use std::sync::Arc;

use super::Handlers;
use crate::{
    command,
    declared::{Catalog, FileError},
    telegram::sentences::reload::{self as words, Difference},
};

impl Handlers {
    /// Reads the file again, and says what has changed, or what is wrong with it. What runs goes on as it began. Menus follow
    /// [`Declared`](crate::declared::Declared) by themselves.
    pub(super) async fn reload(&self) -> String {
        let Some(file) = self.jobs_file.clone() else { return words::no_file() };
        // One after the other: each tells what it has changed.
        let mut last = self.reloading.lock().await;
        if last.strong_count() > 0 {
            // One that never ends has a thread already.
            return words::slow(Catalog::READ_WITHIN);
        }
        let reading = Arc::new(());
        *last = Arc::downgrade(&reading);
        let is_here = self.runs_programs;
        let catalog = match Catalog::read_soon(file, is_here, command::names(), reading).await {
            Ok(catalog) => catalog,
            Err(FileError::Slow { within, .. }) => {
                tracing::error!("the file of declared commands could not be read in time");
                return words::slow(within);
            }
            Err(error) => return words::mistakes(&error.lines()),
        };
        let difference = difference(&self.declared.current(), &catalog);
        let commands = catalog.iter().count();
        self.declared.replace(catalog);
        self.boards.redeclared();
        tracing::info!(commands, ?difference, "declared commands were read again");
        words::reloaded(commands, &difference)
    }
}

fn difference(old: &Catalog, new: &Catalog) -> Difference {
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for declaration in new.iter() {
        match old.get(&declaration.name) {
            None => added.push(declaration.name.clone()),
            Some(before) if before != declaration => changed.push(declaration.name.clone()),
            Some(_) => {}
        }
    }
    let is_gone = |name: &str| new.get(name).is_none();
    let removed = old.iter().map(|before| before.name.clone()).filter(|name| is_gone(name)).collect();
    Difference { added, changed, removed }
}
