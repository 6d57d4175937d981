//! What programs that measure have in common: where figures are written, on what machine they were taken, and medians.

pub mod document;
pub mod machine;
pub mod process;

/// The middle one.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn one_that_was_slow_does_not_count() {
        assert_eq!(median(vec![3, 900, 1, 2, 4]), 3);
    }
}
