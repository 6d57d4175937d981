//! What a monitoring system may know: counts, times and queues, never who or what.

use std::{sync::Arc, time::Instant};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use domain::PortResult;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::{bridges::CONSUMER, home::Home};

/// Upper ends of the classes of times, in seconds.
const SECONDS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];
/// The media type of what is told.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Queue {
    queue: String,
}

/// Everything that is counted. Clones share it.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    requests: Family<Answered, Counter>,
    durations: Family<Route, Histogram>,
    waiting: Family<Queue, Gauge>,
    dead: Family<Queue, Gauge>,
    oldest: Family<Queue, Gauge>,
    lag: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("datalake");
        let requests = Family::default();
        let durations: Family<Route, Histogram> = Family::new_with_constructor(|| Histogram::new(SECONDS));
        let (waiting, dead, oldest, lag) = (Family::default(), Family::default(), Family::default(), Gauge::default());
        registry.register("http_requests", "Requests to API and sign-in, by route, method and class of status", requests.clone());
        let about = "Time until an answer began, by route";
        registry.register_with_unit("http_request_duration", about, Unit::Seconds, durations.clone());
        registry.register("jobs_waiting", "Jobs to be done, by queue", waiting.clone());
        registry.register("jobs_dead", "Jobs that were given up, by queue", dead.clone());
        let about = "Since when the oldest job to be done waits, by queue";
        registry.register_with_unit("jobs_oldest_age", about, Unit::Seconds, oldest.clone());
        registry.register("change_feed_lag", "Changes that were not handled yet", lag.clone());
        Self { registry: Arc::new(registry), requests, durations, waiting, dead, oldest, lag }
    }

    /// Reads the queues and writes everything.
    async fn tell(&self, home: &Home) -> PortResult<String> {
        for depth in home.jobs.depths().await? {
            let queue = Queue { queue: depth.queue };
            self.waiting.get_or_create(&queue).set(depth.waiting.cast_signed());
            self.dead.get_or_create(&queue).set(depth.dead.cast_signed());
            let age = depth.oldest_age.unwrap_or_default().as_secs();
            self.oldest.get_or_create(&queue).set(age.cast_signed());
        }
        let newest = *home.tables.newest_change().borrow();
        self.lag.set((newest - home.tables.subscribe(CONSUMER).await?).max(0));
        let mut text = String::new();
        // Writing to a text never fails.
        let _ = encode(&mut text, &self.registry);
        Ok(text)
    }
}

impl Metrics {
    /// Counts a request and takes its time. In a layer of a router, so that the route is known by its template.
    pub(crate) async fn observe(&self, request: Request, answer: impl AsyncFnOnce(Request) -> Response) -> Response {
        let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
        let (method, began) = (name(request.method()), Instant::now());
        let response = answer(request).await;
        let taken = began.elapsed().as_secs_f64();
        self.durations.get_or_create(&Route { route: route.clone() }).observe(taken);
        self.requests.get_or_create(&Answered { route, method, status: class(response.status()) }).inc();
        response
    }
}

/// Of a method that somebody made up there is no more than that.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}

/// `/metrics`, for an address of its own.
pub(crate) fn router(metrics: Metrics, home: Arc<Home>) -> Router {
    let tell = move || {
        let (metrics, home) = (metrics.clone(), Arc::clone(&home));
        async move {
            match metrics.tell(&home).await {
                Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "the queues can't be read for the metrics");
                    StatusCode::SERVICE_UNAVAILABLE.into_response()
                }
            }
        }
    };
    Router::new().route("/metrics", get(tell))
}
