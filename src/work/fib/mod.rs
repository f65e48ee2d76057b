//! Fibonacci numbers in decimal (placeholder until merge).
use super::control::{Cancelled, Control};
use crate::job::Digits;
/// placeholder
pub fn fib(n: u64, control: &Control) -> Result<Digits, Cancelled> {
    control.check()?;
    let (mut a, mut b) = (0u64, 1u64);
    for _ in 1..n.min(94) {
        (a, b) = (b, a.wrapping_add(b));
    }
    Ok(a.into())
}
