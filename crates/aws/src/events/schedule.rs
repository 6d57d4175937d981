//! What the scheduler says.

use domain::{
    Deadline,
    job::Job,
    ports::{Entry, Handler},
};
use serde_json::{Value, json};

use super::{EventError, jobs};

const KIND: &str = "the scheduler";

/// The job that the scheduler's fixed input asks for, which is `{"job":"sweep"}`; `None` for an event of a queue.
///
/// # Errors
/// If the event is neither.
pub fn schedule(event: &Value) -> Result<Option<Job>, EventError> {
    if event.get("Records").is_some() {
        return Ok(None);
    }
    let job: Job = super::decode(event.clone(), KIND)?;
    // Whatever else there is to do comes by the queue, which repeats what failed and keeps what can't be done.
    if job == Job::Sweep { Ok(Some(job)) } else { Err(EventError::Lacks { kind: KIND, what: "a job of the scheduler" }) }
}

/// Hands what a queue or the scheduler says to `handler`, which is ended at `deadline`: the housekeeping function hears both.
///
/// # Errors
/// If the event is of neither, or scheduled work failed: the scheduler then tries again.
pub async fn jobs_or_schedule(event: Value, handler: &dyn Handler<Job>, deadline: Deadline) -> Result<Value, EventError> {
    let Some(body) = schedule(&event)? else { return jobs(event, handler, deadline).await };
    let outcome = handler.handle_until(vec![Entry { id: "schedule".to_owned(), body }], deadline).await;
    if outcome.failed.is_empty() { Ok(json!({})) } else { Err(EventError::Failed) }
}
