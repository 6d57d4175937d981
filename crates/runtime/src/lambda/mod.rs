//! The run loop of a Lambda: what it is told, one event after the other, and what goes back.

mod http;
mod settings;

use domain::{Deadline, Timestamp};
use lambda_runtime::{Context, LambdaEvent, service_fn};
use serde_json::Value;

pub use http::serve_http;
pub use lambda_runtime::Error;
pub use settings::{SETTINGS, Setting, Settings};

use crate::{
    configuration::{Log, LogFormat},
    telemetry,
};

/// Begins a function: from here on it tells about itself, and knows what it was told.
///
/// # Errors
/// If the log level is no filter.
pub fn start() -> Result<Settings, Error> {
    let settings = Settings::load();
    telemetry::start(&Log { format: LogFormat::Json, level: settings.log_level().to_owned() })?;
    Ok(settings)
}

/// Hands every event to `handle`, with the time at which the platform ends it, and its answer back.
///
/// An error makes the platform's own rules hold: an event of a queue comes again, a caller who waits is told that it failed.
///
/// # Errors
/// If the platform's API can't be reached.
pub async fn serve_events<F, A, E>(handle: F) -> Result<(), Error>
where
    F: Fn(Value, Deadline) -> A,
    A: Future<Output = Result<Value, E>>,
    E: Into<Error>,
{
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        let answer = handle(event.payload, deadline(&event.context));
        async move {
            answer.await.map_err(|error| {
                let error: Error = error.into();
                tracing::error!(error = error.as_ref() as &dyn std::error::Error, "an event could not be handled");
                // The message goes to whoever invoked the function: names no internals.
                Error::from("the event could not be handled; the function's log says why")
            })
        }
    }))
    .await
}

fn deadline(context: &Context) -> Deadline {
    i64::try_from(context.deadline).ok().and_then(Timestamp::from_millis).map_or(Deadline::NONE, Deadline::at)
}
