//! Declared programs, run as processes of their own.

use std::sync::Arc;

use super::{Control, Unfinished};
pub use crate::declared::Invocation;
use crate::{
    declared::Declared,
    job::{Call, Failure, Printed},
    nats::JobKey,
};

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
