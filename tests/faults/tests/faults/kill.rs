//! Where functions are killed.

use datalake_tests_faults::{Counted, Stop};

use crate::account::Deployment;

/// Where a function is killed: at so many calls from its begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    count: usize,
    counted: Counted,
    stop: Stop,
}

impl Place {
    /// Does `work` until it comes here: then it is gone. What came of it otherwise.
    pub(crate) async fn reached_by<T>(self, deployment: &Deployment, work: impl Future<Output = T>) -> Option<T> {
        let Self { count, counted, stop } = self;
        let stopped = deployment.proxy.stop_at(count, counted, stop);
        let done = tokio::select! {
            done = work => Some(done),
            () = stopped => None,
        };
        deployment.proxy.heal();
        done
    }
}

/// A round for each place: `round` lets something be killed there and done again by another process, looks at what came of
/// it, and says whether it came to its end before it was killed. Of the calls that count there are more than `least`.
pub(crate) async fn at_every(counted: Counted, least: usize, mut round: impl AsyncFnMut(Place) -> bool) {
    // Behind one change is before the next one.
    let stops: &[Stop] = if counted == Counted::All { &[Stop::Before, Stop::After] } else { &[Stop::After] };
    for stop in stops.iter().copied() {
        for count in 1.. {
            if round(Place { count, counted, stop }).await {
                assert!(count > least, "it makes more calls than {count}");
                break;
            }
        }
    }
}
