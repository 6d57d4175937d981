//! What can go wrong, and when it is to.

use std::time::Duration;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service asks to slow down; nothing is done.
    Throttled,
    /// The service has a fault of its own (5xx); nothing is done.
    Broken,
    /// The credentials have run out; nothing is done.
    Expired,
    /// The connection ends before the request is heard; nothing is done.
    Unheard,
    /// It is done, and the connection ends before the answer.
    Lost,
    /// It is done, and the connection ends in the middle of the answer.
    Torn,
    /// It is done, and the answer comes so much later.
    Slow(Duration),
    /// Of a batch the last entry is not taken, and the answer says so.
    Partly,
    /// What was answered first is answered again.
    Stale,
}

/// An order to the proxy.
#[derive(Debug)]
pub(crate) struct Order {
    /// Only for this operation.
    pub(crate) operation: Option<String>,
    pub(crate) fault: Fault,
    /// For so many requests; `None` for all.
    pub(crate) left: Option<usize>,
}

/// The orders that stand.
#[derive(Debug, Default)]
pub(crate) struct Plan(Vec<Order>);

impl Plan {
    pub(crate) fn add(&mut self, order: Order) {
        self.0.push(order);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Orders for a number of requests that did not all come.
    pub(crate) fn unmet(&self) -> Vec<String> {
        let unmet = self.0.iter().filter(|order| order.left.is_some_and(|left| left > 0));
        unmet.map(|order| order.operation.clone().unwrap_or_else(|| "any".to_owned())).collect()
    }

    /// What is to happen to the next request of this operation.
    pub(crate) fn next(&mut self, operation: &str) -> Option<Fault> {
        let fits = |order: &&mut Order| order.left != Some(0) && order.operation.as_deref().is_none_or(|wanted| wanted == operation);
        let order = self.0.iter_mut().find(fits)?;
        order.left = order.left.map(|left| left - 1);
        Some(order.fault)
    }
}
