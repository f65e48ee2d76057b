//! What is declared: all of a file, and the file that holds now.

use std::sync::Arc;

use tokio::sync::watch;

use super::Declaration;

/// All commands of one file, in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    pub(super) declarations: Vec<Arc<Declaration>>,
}

static NOTHING: Catalog = Catalog { declarations: Vec::new() };

impl Catalog {
    /// Where nothing is declared.
    pub const fn nothing() -> &'static Self {
        &NOTHING
    }

    /// The command of this name; `-` and `_` are one letter, capitals and small ones too.
    pub fn get(&self, name: &str) -> Option<&Arc<Declaration>> {
        let name = name.to_lowercase().replace('-', "_");
        self.declarations.iter().find(|declaration| declaration.name == name)
    }

    /// All commands, in the file's order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Declaration>> {
        self.declarations.iter()
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.declarations.is_empty()
    }
}

impl FromIterator<Declaration> for Catalog {
    fn from_iter<T: IntoIterator<Item = Declaration>>(declarations: T) -> Self {
        Self { declarations: declarations.into_iter().map(Arc::new).collect() }
    }
}

/// The catalog that holds now.
#[derive(Debug, Default)]
pub struct Declared {
    current: watch::Sender<Arc<Catalog>>,
}

impl Declared {
    /// Begins with this one.
    pub fn new(catalog: Catalog) -> Arc<Self> {
        Arc::new(Self { current: watch::Sender::new(Arc::new(catalog)) })
    }

    /// What is declared now.
    pub fn current(&self) -> Arc<Catalog> {
        self.current.borrow().clone()
    }

    /// From now on, this is what is declared.
    pub fn replace(&self, catalog: Catalog) {
        self.current.send_replace(Arc::new(catalog));
    }

    /// Tells of each other catalog that holds.
    pub fn follow(&self) -> watch::Receiver<Arc<Catalog>> {
        self.current.subscribe()
    }
}
