//! What runs: CPU jobs on a rayon pool of their own, IO jobs on tokio.

pub mod control;
pub mod fib;
