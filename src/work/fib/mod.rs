//! Fibonacci numbers in decimal.
