//! `GET /packages/{id}` beside a handler of axum that always answers the same.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use client::{
    credentials::KeyPair,
    signing::{REGION, sign_request},
};
use datalake_tests_machine::{Lake, Person};
use http_body_util::Empty;
use hyper::{Request, header};
use url::Url;

use crate::{
    bare::Bare,
    figure::{Figure, Limit, Setting, median_run},
    load::{Prepared, answers_per_second},
};

/// Packages that are asked for one after the other.
const PACKAGES: usize = 100;
/// Each side is asked so long, so often in a run.
const TURN: Duration = Duration::from_secs(1);
const TURNS: u32 = 3;

/// Answers a second of one run.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    bare: f64,
    token: f64,
    key: f64,
}

/// With an access token, and with a key's signature.
pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let lake = Lake::start().await?;
    let ann = lake.ann().clone();
    let mut paths = Vec::with_capacity(PACKAGES);
    for number in 0..PACKAGES {
        paths.push(format!("/packages/{}", lake.create_package(&ann, &format!("Rivers {number:03}")).await?));
    }
    let body = lake.get(&ann, &paths[0]).await?.expect(200)?.bytes;
    let sides = Sides { bare: Bare::start(&setting.scratch, &body).await?, lake: &lake, person: &ann, paths: &paths };
    sides.turn().await.context("the turn that counts nothing")?;
    let mut runs = Vec::with_capacity(setting.runs);
    for _ in 0..setting.runs {
        runs.push(sides.run().await?);
    }
    let token = figure("GET package with a token", &runs, |run| run.token, 0.5);
    let key = figure("GET package with a key's signature", &runs, |run| run.key, 0.3);
    Ok(vec![token, key])
}

fn figure(name: &str, runs: &[Run], ours: impl Fn(&Run) -> f64, least: f64) -> Figure {
    let ratios: Vec<f64> = runs.iter().map(|run| ours(run) / run.bare).collect();
    let middle = median_run(&ratios);
    Figure {
        name: name.to_owned(),
        ours: format!("{:.0} answers/s", ours(&runs[middle])),
        reference: format!("{:.0} answers/s of a bare handler", runs[middle].bare),
        value: ratios[middle],
        limit: Limit::AtLeast(least),
    }
}

struct Sides<'a> {
    bare: Bare,
    lake: &'a Lake,
    person: &'a Person,
    paths: &'a [String],
}

impl Sides<'_> {
    async fn run(&self) -> Result<Run> {
        let mut sums = Run::default();
        for _ in 0..TURNS {
            let turn = self.turn().await?;
            sums = Run { bare: sums.bare + turn.bare, token: sums.token + turn.token, key: sums.key + turn.key };
        }
        let turns = f64::from(TURNS);
        Ok(Run { bare: sums.bare / turns, token: sums.token / turns, key: sums.key / turns })
    }

    async fn turn(&self) -> Result<Run> {
        let ours = self.lake.api().strip_prefix("http://").context("a server without TLS")?;
        let with_token = self.prepare(|_| Ok(vec![("authorization".to_owned(), self.bearer())]))?;
        // Signed before the clock starts: what a client computes is not the server's. A signature holds for five minutes.
        let with_key = self.prepare(|path| self.signature(path))?;
        Ok(Run {
            bare: answers_per_second(&self.bare.address, &with_token, TURN).await?,
            token: answers_per_second(ours, &with_token, TURN).await?,
            key: answers_per_second(ours, &with_key, TURN).await?,
        })
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.person.signed_in.tokens.access)
    }

    fn signature(&self, path: &str) -> Result<Vec<(String, String)>> {
        let secret_access_key = self.person.secret_access_key.clone().into();
        let key = KeyPair { access_key_id: self.person.access_key_id.clone(), secret_access_key };
        let url: Url = format!("{}{path}", self.lake.api()).parse()?;
        Ok(sign_request(&key, REGION, "GET", &url, &[], now())?)
    }

    fn prepare(&self, headers: impl Fn(&str) -> Result<Vec<(String, String)>>) -> Result<Arc<[Prepared]>> {
        let host = self.lake.api().strip_prefix("http://").context("a server without TLS")?;
        let prepare = |path: &String| {
            let request = Request::get(path).header(header::HOST, host);
            let all = headers(path)?.into_iter().fold(request, |request, (name, value)| request.header(name, value));
            Ok(all.body(Empty::new())?)
        };
        self.paths.iter().map(prepare).collect()
    }
}

#[expect(clippy::disallowed_methods, reason = "a signature tells the real time: the server compares")]
fn now() -> SystemTime {
    SystemTime::now()
}
