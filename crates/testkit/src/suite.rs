//! How a contract suite is run over an adapter: every check is a test of its own, so that a failure has a name.

use std::{any::Any, fmt, ops::Deref, sync::Arc};

/// An adapter under test, with what must outlive it (a temporary folder, a server).
pub struct Subject<P: ?Sized> {
    port: Arc<P>,
    _kept: Box<dyn Any + Send + Sync>,
}

impl<P: ?Sized> Subject<P> {
    /// `port`, which needs `kept` as long as it lives.
    pub fn new(port: Arc<P>, kept: impl Any + Send + Sync) -> Self {
        Self { port, _kept: Box::new(kept) }
    }
}

impl<P: ?Sized> Deref for Subject<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.port
    }
}

impl<P: ?Sized> fmt::Debug for Subject<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}

/// Stamps one test per check: `contract_tests!(make, cipher; a_check, another_check)`.
///
/// `make` is an asynchronous function that makes a fresh subject, behind a [`Subject`] or a `Box`; the check borrows it.
/// `unless = path` names a `fn() -> bool` that tells whether the checks are left out.
#[macro_export]
macro_rules! contract_tests {
    ($make:path, $suite:ident; $($check:ident),+ $(,)?) => {
        $crate::contract_tests!($make, $suite, unless = $crate::tables::nothing_is_left_out; $($check),+);
    };
    ($make:path, $suite:ident, unless = $left_out:path; $($check:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $check() {
            if $left_out() {
                return;
            }
            let subject = $make().await;
            $crate::$suite::$check(&*subject).await;
        }
    )+};
}
