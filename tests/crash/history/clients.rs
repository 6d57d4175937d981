//! 200 clients at once.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use datalake_tests_machine::{Answer, Lake, Person};
use futures::future::try_join_all;
use serde_json::json;

use super::{
    finale,
    record::{History, Recorder, Told, What},
    roles,
};
use crate::dice::Dice;

/// How many there are.
const CLIENTS: usize = 200;

/// The lake that all of them share.
pub(super) struct Scene {
    pub(super) lake: Lake,
    pub(super) ann: Person,
    pub(super) bob: Person,
    /// The one package.
    pub(super) package: String,
    pub(super) recorder: Recorder,
}

/// One of them.
pub(super) struct Client {
    pub(super) scene: Arc<Scene>,
    pub(super) number: usize,
    pub(super) dice: Dice,
    asked: u32,
}

/// All of them do what they do, so many times; then the server is asked what came of it.
pub(super) async fn play(rounds: u32) -> anyhow::Result<History> {
    let mut lake = Lake::start_logging("warn").await?;
    let bob = lake.invite_member("bob@example.org").await?;
    let ann = lake.ann().clone();
    let body = json!({ "name": "Shared", "visibility": "everyone" });
    let package = lake.post(&ann, "/packages", &body).await?.expect(201)?.text("/id")?;
    let scene = Arc::new(Scene { lake, ann, bob, package, recorder: Recorder::new() });
    let seed = Dice::seed()?;
    for round in 0..rounds {
        let clients = (0..CLIENTS).map(|number| {
            let dice = Dice::seeded(seed.wrapping_add(u64::from(round) * 1_000 + number as u64));
            let client = Client { scene: Arc::clone(&scene), number, dice, asked: round * 10_000 };
            roles::act(client, round)
        });
        try_join_all(clients).await.with_context(|| format!("round {round} of seed {seed}: {}", logged(&scene.lake)))?;
    }
    let finale = finale::read(&scene).await?;
    let scene = Arc::into_inner(scene).context("everybody is done")?;
    let mut lake = scene.lake;
    lake.stop().await?;
    let findings = lake.findings()?;
    if !findings.is_empty() {
        bail!("the check found {findings:?}");
    }
    Ok(History { operations: scene.recorder.into_operations(), finale })
}

/// Errors that the server logged.
fn logged(lake: &Lake) -> String {
    let text = std::fs::read_to_string(lake.log_file()).unwrap_or_default();
    text.lines().filter(|line| line.contains("ERROR") && !line.contains("busy")).collect::<Vec<_>>().join("\n")
}

impl Client {
    /// The id of what is asked next.
    pub(super) fn next_id(&mut self) -> String {
        self.asked += 1;
        format!("c{}n{}", self.number, self.asked)
    }

    /// Sends a request and writes down what became of it. Sometimes the answer is not waited for, as if it had been lost.
    pub(super) async fn tell(
        &mut self,
        id: String,
        what: What,
        sending: impl Future<Output = anyhow::Result<Answer>>,
        done: impl FnOnce(&Answer) -> anyhow::Result<Told>,
    ) -> anyhow::Result<Told> {
        let start = self.scene.recorder.now();
        let answer = if self.dice.below(8) == 0 {
            let patience = std::time::Duration::from_millis(5 + self.dice.below(200));
            tokio::time::timeout(patience, sending).await.ok().transpose()?
        } else {
            Some(sending.await?)
        };
        let told = match &answer {
            None => Told::Unknown,
            Some(answer) => match answer.status.as_u16() {
                200..=204 => done(answer)?,
                status @ (404 | 409 | 412) => Told::Refused(status),
                429 | 503 => Told::Unknown,
                status => bail!("{what:?} is answered {status}: {}", answer.body),
            },
        };
        self.scene.recorder.note(id, what, start, told.clone());
        if !matches!(told, Told::Done(_) | Told::Made(_)) {
            // Whoever has to try again does so a little apart from the others.
            tokio::time::sleep(std::time::Duration::from_millis(self.dice.below(60))).await;
        }
        Ok(told)
    }
}
