//! Declared programs, run as processes of their own.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{Control, Unfinished};
use crate::{
    declared::{Bounds, Declared, Files},
    job::{Call, Failure, Printed},
    nats::JobKey,
};

/// A program with everything that was decided about one run of it.
#[derive(Clone, Debug)]
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

/// Runs programs.
#[derive(Debug)]
pub struct Programs {
    declared: Arc<Declared>,
}

impl Programs {
    /// Runs what is declared.
    pub fn new(declared: Arc<Declared>) -> Arc<Self> {
        Arc::new(Self { declared })
    }

    /// What it runs.
    pub fn declared(&self) -> &Arc<Declared> {
        &self.declared
    }

    /// Runs a program to its end. It returns only when the last of its processes is gone.
    ///
    /// # Errors
    /// [`Unfinished`], with the reason.
    #[expect(clippy::unused_async, reason = "nothing runs yet")]
    pub async fn run(
        &self,
        _place: (JobKey, usize),
        call: &Call,
        _control: &Arc<Control>,
    ) -> Result<Printed, Unfinished> {
        let _ = self.declared.current().get(&call.name);
        Err(Unfinished::Failed(Failure::not_declared()))
    }
}
