//! Comparing numbers: what differs by rounding alone is equal.

/// Two values this close, relative to their size, are equal: 0.1 + 0.2 is 0.3.
const EQUAL_WITHIN: f64 = 1e-9;

/// Whether `a >= b`, a hair's breadth of rounding forgiven.
pub fn at_least(a: f64, b: f64) -> bool {
    a >= b - EQUAL_WITHIN * a.abs().max(b.abs()).max(1.0)
}

/// Whether `a > b`, by more than a hair's breadth.
pub(crate) fn above(a: f64, b: f64) -> bool {
    !at_least(b, a)
}
