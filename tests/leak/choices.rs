//! What chance decides in a world: the same seed decides the same.

use domain::ports::Ids as _;
use testkit::SequentialIds;

/// A generator of choices.
pub(crate) struct Choices(SequentialIds);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SequentialIds::new(seed))
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&self, end: usize) -> usize {
        let mut bytes = [0_u8; 8];
        self.0.random(&mut bytes);
        // The remainder is not quite even, which matters to nobody here.
        usize::try_from(u64::from_le_bytes(bytes) % end as u64).expect("smaller than a usize")
    }

    /// Whether what happens in so many of a hundred cases happens.
    pub(crate) fn happens(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these, if there are any.
    pub(crate) fn one<T: Clone>(&self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len())].clone())
    }
}
